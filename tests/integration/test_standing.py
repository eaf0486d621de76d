"""The standing of every customer of the reference history, against the oracle."""

from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal

import databases
import pandas as pd
import pytest
from oracle import load_members
from oracle.standing import standings
from pipeline import NEW_YORK

from core.database import connect, sql
from core.standing import reading
from core.standing.question import parse
from core.standing.records import Clock

END = datetime(2018, 1, 1, 4, 59, 59, 999999)
THRESHOLDS = {2: 300, 3: 1000}
LEVELS = {1: "Bronze", 2: "Silver", 3: "Gold"}


@pytest.fixture(scope="module")
def dsn(history, report_template):
    """URL of a copy of the loaded reporting database, with thresholds."""
    with databases.database(databases.REPORT, history[0]) as copy:
        for product, amount in THRESHOLDS.items():
            databases.execute(
                copy,
                "UPDATE loyalty_reporting_membership_product"
                " SET threshold = jsonb_build_object('1', %s::numeric)"
                " WHERE external_id = %s",
                [amount, product],
            )
        yield copy


@pytest.fixture(scope="module")
def cr(dsn):
    """A cursor; nobody writes."""
    with closing(connect(dsn, readonly=True)) as connection, connection.cursor() as cr:
        yield cr


@pytest.fixture(scope="module")
def keys(cr):
    """{partner_id: [customer]} of all customers."""
    cr.execute("SELECT id, source, external_id, partner_id FROM loyalty_reporting_customer")
    return {row[2]: [reading.Customer(*row)] for row in cr.fetchall()}


@pytest.fixture
def read(cr, keys):
    """Function (partner_id, instant): the standing, as the oracle writes it."""

    def standing(partner, instant):
        at = reading.clock(cr, parse({"partner_id": 1, "as_of": str(instant)}), "America/New_York")
        return as_of_oracle(reading.standing(cr, keys[partner], NEW_YORK, at))

    return standing


def as_of_oracle(found):
    """A standing as the oracle writes it; amounts must be whole cents."""
    card = found.cards[0] if found.cards else None
    progress, upper = found.progress, found.progress.next_level
    level = found.membership
    return {
        "balance": found.points.balance,
        "balance_after": card and card.balance_after,
        "last_movement": card and card.last_movement,
        "expiring": {str(e.month): e.points for e in found.points.expiring},
        "expiring_30_days": found.points.expiring_30_days,
        "expiring_90_days": found.points.expiring_90_days,
        "level": level and (level.membership_product_id, level.since),
        "window_cents": cents(progress.spend),
        "next": upper and (upper.membership_product_id, cents(progress.threshold)),
        "redemptions": [(r.transaction_date, r.points) for r in found.redemptions],
        "spend": {n: (cents(s.amount), s.orders) for n, s in found.spend.items()},
        "first": found.first_order and order(found.first_order),
        "last": found.last_order and order(found.last_order),
    }


def order(found):
    return (found.order_id, found.transaction_date, cents(found.amount))


def cents(amount):
    if amount is None:
        return None
    assert (whole := amount * 100) == int(whole), amount
    return int(whole)


def chosen(rows, column, seed):
    """One instant of each customer out of a column of rows."""
    return rows.sample(frac=1, random_state=seed).groupby("partner_id")[column].first()


def instants():
    """Two instants of each customer: the end, and one that lies exactly on a border."""
    facts = load_members()
    earned = facts.points[facts.points["transaction_type"] == "earn"]
    instant = timedelta(microseconds=1)
    sold = chosen(facts.sales, "ordered_at", 1)
    borders = [
        sold,
        sold - instant,
        # When a sale leaves the window, and when points are about to expire.
        chosen(facts.sales, "ordered_at", 2) + timedelta(90),
        chosen(earned, "expires_at", 3) - instant,
    ]
    borders = [border.reindex(sold.index).fillna(sold) for border in borders]
    own = pd.concat([border[i::4] for i, border in enumerate(borders)])
    end = pd.Series(pd.Timestamp(END), index=sold.index)
    return {"at the end": end, "on a border": own.clip(upper=pd.Timestamp(END))}


@pytest.mark.parametrize("when", ["at the end", "on a border"])
def test_every_customer_stands_where_the_oracle_says(when, read):
    asked = instants()[when]
    assert len(asked) == 2_469
    expected = standings(asked)
    wrong = {
        partner: (found, expected[partner])
        for partner, instant in asked.items()
        if (found := read(partner, instant)) != expected[partner]
    }
    assert not wrong, f"{len(wrong)} customers, such as {[*wrong.items()][:1]}"
