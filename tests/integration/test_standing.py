"""The standing of every customer of the reference history, against the oracle."""

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import databases
import pandas as pd
import pytest
from oracle import load_members
from oracle.standing import standings
from pipeline import NEW_YORK
from store_fixtures import synced_shop, synced_shop_template  # noqa: F401

from core.database import connect, sql
from core.standing import reading
from core.standing.question import parse

END = datetime(2018, 1, 1, 4, 59, 59, 999999)
THRESHOLDS = {2: 300, 3: 1000}
# Cards in one statement; nobody has more than a few.
FEW = 25
LOTS = "SELECT card_key, earned_at, expires_at, points, remaining FROM open_lot"
DEFINED = """
    SELECT card_key, earned_at, expires_at, points, remaining
    FROM loyalty_reporting_point_lots(%s)"""


@pytest.fixture(scope="module")
def dsn(history):
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
    cr.execute(
        "SELECT id, source, external_id, partner_id FROM loyalty_reporting_customer"
    )
    return {row[2]: [reading.Customer(*row)] for row in cr.fetchall()}


@pytest.fixture
def read(cr, keys):
    """Function (partner_id, instant): the standing, as the oracle writes it."""

    def standing(partner, instant):
        at = reading.clock(
            cr, parse({"partner_id": 1, "as_of": str(instant)}), "America/New_York"
        )
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
    """An instant of each customer: the end, or one that lies exactly on a border."""
    facts = load_members()
    earned = facts.points[facts.points["transaction_type"] == "earn"]
    instant = timedelta(microseconds=1)
    sold = chosen(facts.sales, "ordered_at", 1)
    borders = [
        pd.Series(pd.Timestamp(END), index=sold.index),
        sold,
        sold - instant,
        # When a sale leaves the window, and when points are about to expire.
        chosen(facts.sales, "ordered_at", 2) + timedelta(90),
        chosen(earned, "expires_at", 3) - instant,
    ]
    borders = [border.reindex(sold.index).fillna(sold) for border in borders]
    own = [border[place :: len(borders)] for place, border in enumerate(borders)]
    return pd.concat(own).clip(upper=pd.Timestamp(END))


@pytest.mark.parametrize("nth", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_every_nth_customer_stands_where_the_oracle_says(read, nth):
    asked = instants().iloc[::nth]
    assert len(asked) == -(-2_469 // nth)
    expected = standings(asked)
    found = {partner: read(partner, instant) for partner, instant in asked.items()}
    wrong = [(found[p], expected[p]) for p in found if found[p] != expected[p]]
    assert not wrong, f"{len(wrong)} customers, such as {wrong[:1]}"
    # The comparison sees a point and a cent.
    for name, fault in (("balance", 1), ("window_cents", 1)):
        one = asked.index[0]
        assert found[one] | {name: found[one][name] + fault} != expected[one]


@pytest.mark.parametrize("instant", ["2017-03-12T07:30:00Z", "2017-09-01"])
def test_lots_of_given_cards_are_those_of_the_definition(instant, cr):
    assert_lots(cr, instant)


def assert_lots(cr, instant):
    """Of each card alone: what its customer's standing reads is what is defined."""
    at = reading.clock(cr, parse({"partner_id": 1, "as_of": instant}), "UTC")
    cr.execute(DEFINED, [at.as_of])
    expected = sorted(cr.fetchall(), key=repr)
    cr.execute(
        "SELECT s.card_key, s.balance, s.first_hour, s.last_hour FROM card_state s"
    )
    states = cr.fetchall()
    cr.execute(
        "SELECT card_key, sum(CASE WHEN counts_as IN ('redeem', 'expire')"
        " THEN -points_counted ELSE points_counted END) FROM point_analytics_data"
        " WHERE transaction_date > %s GROUP BY 1",
        [at.as_of],
    )
    later = dict(cr.fetchall())
    found = []
    for place in range(0, len(states), FEW):
        few = states[place : place + FEW]
        asked = {
            "as_of": at.as_of,
            "is_whole": True,
            "cards": [key for key, *_ in few],
            "balances": [str(b - later.get(key, 0)) for key, b, *_ in few],
            "first": min(state[2] for state in few),
            "last": max(state[3] for state in few) + timedelta(hours=1),
        }
        cr.execute(sql("standing/sql/lots.sql", selected=LOTS), asked)
        found += cr.fetchall()
    assert sorted(found, key=repr) == expected
    return len(found)


def test_plans_read_no_table_of_facts_as_a_whole(cr, keys):
    """Every statement finds this customer's rows by an index."""
    busiest = keys[2337]
    planned = Explaining(cr)
    at = reading.clock(planned, parse({"partner_id": 2337}), "America/New_York")
    reading.standing(planned, busiest, NEW_YORK, at)
    assert len(planned.plans) > 8
    for plan in planned.plans:
        for table in ("customer_order", "point_analytics", "customer_day", "interval"):
            # The last month has a page or two: reading it is the quicker way.
            scans = [line for line in plan if f"Seq Scan on {table}" in line]
            assert all("201801" in line for line in scans), "\n".join(plan)


class Explaining:
    """A cursor that keeps the plan of each statement."""

    def __init__(self, cr):
        self.cr, self.plans = cr, []

    def execute(self, statement, asked):
        self.cr.execute("EXPLAIN " + statement, asked)
        self.plans.append([line for (line,) in self.cr.fetchall()])
        self.cr.execute(statement, asked)

    def fetchall(self):
        return self.cr.fetchall()


class TestShop:
    """A small world with reverses, refunds, adjustments and openings."""

    @pytest.fixture
    def cr(self, synced_shop):  # noqa: F811
        with closing(connect(synced_shop)) as connection, connection.cursor() as cr:
            yield cr

    def customers(self, cr):
        cr.execute(
            "SELECT id, source, external_id, partner_id FROM loyalty_reporting_customer"
        )
        return [reading.Customer(*row) for row in cr.fetchall()]

    def test_lots_are_those_of_the_definition(self, cr):
        cr.execute(
            "SELECT DISTINCT transaction_date FROM point_analytics_data ORDER BY 1"
        )
        instants = [f"{instant.isoformat()}Z" for (instant,) in cr.fetchall()]
        assert sum(assert_lots(cr, instant) for instant in instants)

    def test_balances_spend_and_lots_are_those_of_the_stored_tables(self, cr):
        at = reading.clock(cr, parse({"partner_id": 1}), NEW_YORK.timezone)
        for customer in self.customers(cr):
            found = reading.standing(cr, [customer], NEW_YORK, at)
            cr.execute(
                "SELECT coalesce(sum(amount), 0), count(*) FILTER (WHERE NOT is_refund),"
                " count(*) FILTER (WHERE is_refund) FROM customer_order_data"
                " WHERE customer_key = %s AND company_id = 1",
                [customer.key],
            )
            life = found.spend["lifetime"]
            assert (life.amount, life.orders, life.refunds) == cr.fetchone()
            for card in found.cards:
                cr.execute(
                    "SELECT balance FROM card_state s JOIN loyalty_reporting_card k"
                    " ON k.id = s.card_key WHERE k.external_id = %s",
                    [card.card_id],
                )
                assert (card.balance,) == cr.fetchone()

    def test_several_customers_together_are_their_sums(self, cr):
        at = reading.clock(cr, parse({"partner_id": 1}), NEW_YORK.timezone)
        everybody = self.customers(cr)
        each = [reading.standing(cr, [one], NEW_YORK, at) for one in everybody]
        together = reading.standing(cr, everybody, NEW_YORK, at)
        for name, spend in together.spend.items():
            assert spend.amount == sum(one.spend[name].amount for one in each)
            assert spend.orders == sum(one.spend[name].orders for one in each)
        assert together.points.balance == sum(one.points.balance for one in each)
        assert len(together.cards) == sum(len(one.cards) for one in each)
        ranks = [one.membership.rank or 0 for one in each if one.membership]
        assert (together.membership.rank or 0) == max(ranks)

    def test_another_company_knows_nobody(self, cr):
        at = reading.clock(cr, parse({"partner_id": 1}), NEW_YORK.timezone)
        other = replace(NEW_YORK, id=99)
        found = reading.standing(cr, self.customers(cr), other, at)
        assert not found.known
        assert (found.partner_ids, found.cards, found.points.balance) == ((), (), 0)
