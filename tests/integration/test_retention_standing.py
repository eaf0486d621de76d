"""How customers stand when months are archived, in either tier: as before, or not told."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import databases
import pytest
from archiving import BOTH, DETAIL, archived, away, month, restored
from copies import fresh_cursor
from pipeline import NEW_YORK, synced
from reconciling import found, reconciled

from core.database import connect
from core.errors import BadQuery
from core.retention import leaving
from core.retention.policy import Policy, Tier
from core.retention.restore import restore
from core.standing import question, reading
from core.standing.document import document
from core.standing.records import Spend
from core.stores.archived import all_away, read_whole

pytest_plugins = ["store_fixtures"]
# Detail before February 2019 is archived then, and aggregates before May 2017.
TODAY, NOW = month(2019, 5), "2019-05-20T12:00:00Z"
DAILY_SINCE = date(2017, 5, 1)
# (partner, instant, amount) of sales beside those of `shop`; negative: a refund.
SALES = (
    (7, "2015-06-10 10:00Z", 5000),
    (7, "2017-03-25 10:00Z", 40),
    (7, "2018-11-20 10:00Z", 100),
    (8, "2016-02-01 02:00Z", 300),
    (8, "2016-03-02 10:00Z", -50),
    (8, "2016-05-01 03:59Z", 70),
    (8, "2019-05-10 10:00Z", 80),
    (9, "2016-12-31 22:00Z", 11),
    (9, "2017-01-31 10:00Z", 12),
    (10, "2017-02-01 10:00Z", -9),
    (11, "2019-05-19 10:00Z", 13),
    (12, "2018-03-05 10:00Z", 14),
    (12, "2018-03-30 10:00Z", 15),
)


@pytest.fixture
def half(synced_shop, tmp_path):
    """A report of which March is archived, and April is here."""
    assert archived(synced_shop, tmp_path, month(2017, 7)) == [month(2017, 3)]
    return synced_shop


@pytest.fixture
def years(shop, synced_shop):
    """A report of some years, of which nothing is archived yet."""
    for number, (partner, instant, amount) in enumerate(SALES):
        state = "done" if amount > 0 else "refund"
        order = {"partner_id": partner, "amount_total": amount, "state": state}
        shop.order(f"S{number}", instant, **order)
    synced(shop.dsn, synced_shop)
    return synced_shop


def standings(dsn, as_of, company=NEW_YORK):
    """{customer: (standing, clock)} of all customers."""
    with closing(connect(dsn, readonly=True)) as connection, connection.cursor() as cr:
        return standings_in(cr, as_of, company)


def standings_in(cr, as_of, company=NEW_YORK):
    """The same, as a cursor sees them."""
    asked = question.parse({"partner_id": 1, "as_of": as_of})
    of_all = {}
    at = reading.clock(cr, asked, company.timezone)
    cr.execute(
        "SELECT id, source, external_id, partner_id FROM loyalty_reporting_customer"
    )
    for row in cr.fetchall():
        of_customer = [reading.Customer(*row)]
        of_all[row[2]] = (reading.standing(cr, of_customer, company, at), at)
    return of_all


def test_spend_and_progress_reach_into_archived_months(synced_shop, tmp_path):
    databases.execute(
        synced_shop,
        "UPDATE loyalty_reporting_membership_product"
        """ SET threshold = '{"1": 500}', threshold_days = '{"1": 365}'""",
    )
    before = standings(synced_shop, "2017-12-01")

    archived(synced_shop, tmp_path, month(2017, 12))

    after = standings(synced_shop, "2017-12-01")
    for part in ("spend", "progress", "membership", "points", "cards"):
        was = {c: getattr(s, part) for c, (s, _at) in before.items()}
        assert {c: getattr(s, part) for c, (s, _at) in after.items()} == was
    assert any(s.progress.days == 365 and s.progress.spend for s, _at in after.values())


def test_a_standing_says_since_when_redemptions_are_listed(half):
    asked = standings(half, "2017-12-01")
    [(_standing, at), *_others] = asked.values()

    assert at.listed_since == date(2017, 4, 1)
    told = document(*asked[min(asked)], NEW_YORK)
    assert told["meta"]["listed_since"] == "2017-04-01"
    restore(half, month(2017, 3))
    [(_standing, at), *_others] = standings(half, "2017-12-01").values()
    assert at.listed_since is None


def test_a_standing_before_the_horizon_is_refused(half):
    assert standings(half, "2017-04-01")
    with pytest.raises(BadQuery) as refused:
        standings(half, "2017-03-31")

    assert refused.value.parameter == "as_of"
    assert "Rows before 2017-04-01 are archived" in str(refused.value)
    restore(half, month(2017, 3))
    assert standings(half, "2017-03-31")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "UTC"])
def test_the_first_day_that_is_told_begins_at_the_horizon_or_later(zone, half):
    company = replace(NEW_YORK, timezone=zone)
    first = {"America/New_York": 1, "Asia/Kolkata": 2, "UTC": 1}[zone]

    assert standings(half, f"2017-04-0{first}", company)

    before = date(2017, 4, first) - timedelta(1)
    with pytest.raises(BadQuery):
        standings(half, before.isoformat(), company)


def threshold(dsn, days):
    """Have every level ask for what was spent in so many days."""
    databases.execute(
        dsn,
        "UPDATE loyalty_reporting_membership_product SET threshold = '{\"1\": 500}',"
        " threshold_days = jsonb_build_object('1', %s)",
        [days],
    )


def told(of_all):
    """{customer: what is told of spend and orders}, of orders the day alone."""
    return {
        customer: (
            standing.known,
            standing.partner_ids,
            standing.spend,
            *map(day_of, (standing.first_order, standing.last_order)),
            standing.progress,
        )
        for customer, (standing, _at) in of_all.items()
    }


def day_of(order):
    """The business day of an order, if there is one."""
    return order and order.date


def test_what_was_ever_bought_is_told_with_both_tiers_archived(shop, years, tmp_path):
    before = standings(years, NOW)

    archived(years, tmp_path, TODAY, policies=BOTH)

    assert month(2017, 4) in away(years, Tier.AGGREGATE)
    after = standings(years, NOW)
    assert told(after) == told(before)
    for customer, first, last in (
        (7, date(2015, 6, 10), date(2018, 11, 20)),
        (8, date(2016, 1, 31), date(2019, 5, 10)),
        (9, date(2016, 12, 31), date(2017, 1, 31)),
    ):
        standing, at = after[customer]
        spend = standing.spend["lifetime"]
        expected = shop.rows(
            "SELECT sum(amount_total), count(*) FILTER (WHERE state = 'done'),"
            " count(*) FILTER (WHERE state = 'refund') FROM engine.processed_order"
            " WHERE partner_id = %s AND state IN ('done', 'refund')",
            [customer],
        )
        assert [(spend.amount, spend.orders, spend.refunds)] == expected
        assert [*map(day_of, (standing.first_order, standing.last_order))] == [
            first,
            last,
        ]
        assert at.daily_since == DAILY_SINCE
    # Who only brought something back, in a month that left.
    assert after[10][0].known
    orders = [(s.first_order, s.last_order) for s, _at in after.values()]
    assert orders[[*after].index(8)][0].order_id is None
    assert orders[[*after].index(8)][1] == before[8][0].last_order

    restored(years)
    assert standings(years, NOW) == before


@pytest.mark.parametrize("step", ["frozen", "detached customer_day_data"])
def test_a_month_on_its_way_out_counts_once(step, years, tmp_path):
    before = standings(years, NOW)
    archived(years, tmp_path, TODAY)

    def stop_after(done, _month):
        if done == step:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        leaving.leave(years, Tier.AGGREGATE, month(2015, 6), str(tmp_path), stop_after)

    assert told(standings(years, NOW)) == told(before)


# First whole day of a window → of whom it is not known.
WINDOWS = {
    # Nothing before it, and nothing in its month.
    date(2015, 6, 1): set(),
    # The day before it is the last of a month with a refund, of which no day is known.
    date(2017, 5, 1): {7},
    # A month that is whole.
    date(2017, 4, 1): set(),
    # All sales of the cut month lie after it, or all before.
    date(2017, 3, 5): set(),
    date(2016, 12, 15): set(),
    date(2016, 2, 20): set(),
    # Sales before and after; a refund, of which the day is not known.
    date(2017, 3, 20): {7},
    date(2017, 4, 10): {7},
    date(2017, 2, 2): {10},
}


def test_a_window_is_known_unless_it_cuts_a_month_of_purchases(years, tmp_path):
    def progress(since):
        # It begins amid the day before, on which nobody bought anything.
        threshold(years, (date(2019, 5, 20) - since).days + 1)
        return {c: s.progress for c, (s, _at) in standings(years, NOW).items()}

    before = {since: progress(since) for since in WINDOWS}

    archived(years, tmp_path, TODAY, policies=BOTH)

    nothing = {"spend": None, "missing": None, "progress": None}
    for since, unknown in WINDOWS.items():
        assert progress(since) == {
            customer: replace(was, **nothing) if customer in unknown else was
            for customer, was in before[since].items()
        }


def test_a_window_that_begins_in_an_archived_day_is_known_of_who_bought_nothing_then(
    years, tmp_path
):
    # It begins at noon of the day on which customer 12 bought at ten.
    threshold(years, (date(2019, 5, 20) - date(2018, 3, 5)).days)

    def progress():
        return {c: s.progress for c, (s, _at) in standings(years, NOW).items()}

    before = progress()

    archived(years, tmp_path, TODAY)

    nothing = {"spend": None, "missing": None, "progress": None}
    assert progress() == {
        customer: replace(was, **nothing) if customer == 12 else was
        for customer, was in before.items()
    }
    restored(years)
    assert progress() == before


def all_of(of_all):
    """What is told of spend, orders and points."""
    return told(of_all), {c: standing.points for c, (standing, _at) in of_all.items()}


@pytest.mark.parametrize("policies", [DETAIL, BOTH])
def test_an_old_snapshot_tells_no_half_of_what_left_since(policies, years, tmp_path):
    before = standings(years, NOW)
    with (
        closing(connect(years, readonly=True)) as connection,
        connection.cursor() as cr,
    ):
        cr.execute("SELECT FROM fact_load")
        archived(years, tmp_path, TODAY, policies=policies)

        def read(snapshot, _away=None):
            return standings_in(snapshot, NOW)

        after = read_whole(read, all_away, cr, lambda: fresh_cursor(years))
        # It would be wrong otherwise.
        assert all_of(read(cr)) != all_of(before)
    assert all_of(after) == all_of(before)


# Day at whose end it is asked → of whom the spend of the year until then is not known.
YEARS = {"2019-02-28": set(), "2019-03-09": {12}, "2019-03-30": set()}


def test_a_year_of_spend_is_known_unless_it_cuts_a_month_of_purchases(years, tmp_path):
    def spend(as_of):
        return {c: s.spend for c, (s, _at) in standings(years, as_of).items()}

    before = {as_of: spend(as_of) for as_of in YEARS}

    policies = (*DETAIL, Policy(Tier.AGGREGATE, 365))
    archived(years, tmp_path, TODAY, policies=policies)

    nothing = {"last_365_days": Spend(None, None, None)}
    for as_of, unknown in YEARS.items():
        assert spend(as_of) == {
            customer: was | nothing if customer in unknown else was
            for customer, was in before[as_of].items()
        }
    shown = document(*standings(years, "2019-03-09")[12], NEW_YORK)
    # The last month in which anything happened is the last that leaves.
    assert shown["meta"]["daily_since"] == "2018-04-01"
    assert shown["spend"]["last_365_days"] == {
        "amount": None, "orders": None, "refunds": None,
    }  # fmt: skip
    assert shown["spend"]["lifetime"]["orders"] == 2


def test_no_order_is_named_of_a_day_that_is_archived_in_part(
    shop, synced_shop, tmp_path
):
    # One business day in New York, two months in UTC.
    shop.order("N1", "2017-03-31 20:00Z", partner_id=9)
    shop.order("N2", "2017-04-01 02:00Z", partner_id=9)
    synced(shop.dsn, synced_shop)

    def orders():
        standing, _at = standings(synced_shop, NOW)[9]
        both = (standing.first_order, standing.last_order)
        return [(order.order_id, order.date) for order in both]

    day = date(2017, 3, 31)
    assert orders() == [("N1", day), ("N2", day)]
    assert archived(synced_shop, tmp_path, month(2017, 7)) == [month(2017, 3)]
    assert orders() == [(None, day), (None, day)]
    restore(synced_shop, month(2017, 3))
    assert orders() == [("N1", day), ("N2", day)]


def test_first_orders_are_compared_with_months_that_left(shop, years, tmp_path):
    # Customers 7 and 9 bought in months that left, customer 10 only brought back.
    for customer in (7, 9, 10):
        shop.order(
            f"F{customer}",
            "2019-04-02 10:00Z",
            partner_id=customer,
            is_first_order=True,
        )
    synced(shop.dsn, years)

    archived(years, tmp_path, TODAY, policies=BOTH)

    assert reconciled(shop.dsn, years) == []
    told_so = {row["document_key"] for row in found(years, "reported")}
    assert told_so == {"F7", "F9"}
