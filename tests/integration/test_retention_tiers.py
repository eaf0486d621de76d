"""What is asked when months of aggregates are away: answered exactly, or refused."""

from contextlib import closing
from datetime import date

import databases
import pytest
from archiving import BOTH, archived, away, month
from asking import ask, asked_of
from copies import Killed, fresh_cursor, pushed, rebuilt
from pipeline import contents, synced
from reconciling import reconciled

from core.database import connect
from core.errors import BadQuery
from core.queries.answer import answer, state_of
from core.queries.export import exported
from core.retention.policy import Tier
from core.retention.restore import restore
from core.settings import Settings
from core.stores import push_state, servers

pytest_plugins = ["store_fixtures"]
YEAR = (date(2017, 1, 1), date(2017, 12, 31))
SPRING = (date(2017, 4, 2), date(2017, 12, 31))
MARCH, APRIL = month(2017, 3), month(2017, 4)
# Sums by day of programs, memberships and points.
OF_DAYS = [
    ("promotions/performance", {"measures": "total_amount,total_qty"}),
    (
        "membership/analytics",
        {"dimensions": "membership_product", "measures": "active_members,members"},
    ),
    ("points/activity", {"measures": "points_earned,balance"}),
]
# What needs orders, hours, customers or cards.
FURTHER = [
    ("promotions/performance", {"measures": "unique_customers", "group_by": "month"}),
    ("promotions/performance", {"group_by": "hour"}),
    ("promotions/performance", {"dimensions": "store", "measures": "total_amount"}),
    ("membership/analytics", {"measures": "active_members", "group_by": "month"}),
    ("points/activity", {"card_id": "1", "measures": "balance"}),
]


@pytest.fixture
def half(synced_shop, tmp_path):
    """A report of which March is archived in both tiers, and April's detail."""
    archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)
    assert away(synced_shop, Tier.AGGREGATE) == [MARCH]
    assert away(synced_shop) == [MARCH, APRIL]
    return synced_shop


@pytest.mark.parametrize(("slug", "asked"), OF_DAYS)
def test_sums_by_day_are_answered_as_before(slug, asked, synced_shop, tmp_path):
    query = asked_of(slug, *YEAR, group_by="day", **asked)
    before = ask(synced_shop, query)

    archived(synced_shop, tmp_path, month(2019, 5), policies=BOTH)

    after = ask(synced_shop, query)
    assert before.rows
    assert (after.rows, after.tier) == (before.rows, before.tier)


@pytest.mark.parametrize(("slug", "asked"), FURTHER)
def test_what_needs_more_is_refused_with_since_when_it_is_here(slug, asked, half):
    with pytest.raises(BadQuery) as refused:
        ask(half, asked_of(slug, *YEAR, **asked))

    assert refused.value.parameter == "date_from"
    assert "from March 2017 to March 2017 is archived" in str(refused.value)
    assert "is here from 2017-04-01 on" in str(refused.value)


@pytest.mark.parametrize(("slug", "asked"), FURTHER)
def test_after_that_it_is_answered_as_before(slug, asked, synced_shop, tmp_path):
    query = asked_of(slug, *SPRING, **asked)
    before = ask(synced_shop, query)

    archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)

    after = ask(synced_shop, query)
    assert before.rows
    assert (after.rows, after.tier) == (before.rows, before.tier)


def test_a_comparison_with_what_is_away_is_refused(half):
    asked = {"dimensions": "store", "measures": "total_amount", "group_by": "month"}
    april = (date(2017, 4, 1), date(2017, 4, 30))
    assert ask(half, asked_of("promotions/performance", *april, **asked)).rows

    with pytest.raises(BadQuery) as refused:
        ask(
            half,
            asked_of(
                "promotions/performance", *april, **asked, compare="previous_period"
            ),
        )
    assert refused.value.parameter == "compare"


def test_an_export_of_what_is_away_is_refused(half):
    query = asked_of("promotions/performance", *YEAR, group_by="hour")
    with (
        fresh_cursor(half) as cr,
        pytest.raises(BadQuery),
        exported(query, cr, Settings(), lambda: fresh_cursor(half)),
    ):
        pass


def test_archived_months_are_no_difference(shop, half):
    synced(shop.dsn, half)

    assert reconciled(shop.dsn, half) == []


def test_an_order_of_somebody_who_bought_before_is_no_first_one(shop, half):
    shop.order("B1", "2019-05-01 10:00Z", is_first_order=False)
    synced(shop.dsn, half)

    assert reconciled(shop.dsn, half) == []


# ------------------------------------------------------------ ClickHouse


def held(copy):
    """{table: rows} of what ClickHouse shows, without the numbers of loads."""
    return {
        table: sorted(copy.rows(f"SELECT * FROM {table} FINAL WHERE is_deleted = 0"))
        for table in (
            "promotion_order_data",
            "promotion_performance_data",
            "membership_analytics_data",
            "customer_day_data",
            "point_analytics_data",
        )
    }


def test_the_copy_drops_what_postgresql_dropped(shop, synced_shop, copy, tmp_path):
    pushed(copy, synced_shop)
    before = held(copy)
    archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)
    query = asked_of("promotions/performance", *SPRING, group_by="month")
    with fresh_cursor(synced_shop) as cr:
        assert state_of(cr, query).pushing, "ClickHouse answers what is not there"

    pushed(copy, synced_shop)

    after = held(copy)
    with fresh_cursor(synced_shop) as cr:
        assert not state_of(cr, query).pushing
    days = [row[2] for row in after["promotion_performance_data"]]
    assert days
    assert min(days) >= (APRIL - date(1970, 1, 1)).days
    same = "membership_analytics_data"
    assert after[same] == before[same]
    assert all(len(after[t]) < len(before[t]) for t in before if t != same)
    assert reconciled(shop.dsn, synced_shop, copy) == []
    rebuilt(copy, synced_shop)
    assert held(copy) == after


@pytest.mark.parametrize(("today", "is_empty"), [(4, False), (5, True)])
def test_the_copy_takes_back_what_postgresql_took_back(  # noqa: PLR0913, PLR0917
    today, is_empty, shop, synced_shop, copy, tmp_path
):
    pushed(copy, synced_shop)
    before = held(copy)
    archived(synced_shop, tmp_path, month(2019, today), policies=BOTH)
    pushed(copy, synced_shop)
    assert (not held(copy)["promotion_order_data"]) is is_empty

    for gone in (MARCH, APRIL):
        restore(synced_shop, gone)
    pushed(copy, synced_shop)

    assert held(copy) == before
    assert reconciled(shop.dsn, synced_shop, copy) == []


def test_of_all_months_that_moved_the_copy_is_filled_in_one_pass_of_each_table(
    synced_shop, copy, monkeypatch
):
    pushed(copy, synced_shop)
    before = held(copy)
    # The first two follow each other, and there are orders in both.
    moved = [MARCH, APRIL, month(2017, 6), MARCH]
    databases.execute(
        synced_shop,
        "INSERT INTO loyalty_reporting_copy_month (month) SELECT unnest(%s::date[])",
        [moved],
    )
    fill, passes = servers.Servers.fill, []

    def noting(self, table, source, query, values, **options):
        if not values["watermark"]:
            passes.append(table)
        return fill(self, table, source, query, values, **options)

    monkeypatch.setattr(servers.Servers, "fill", noting)
    pushed(copy, synced_shop)

    assert held(copy) == before
    assert sorted(passes) == sorted({*before} - {"membership_analytics_data"})


@pytest.mark.parametrize("direction", ["out", "back"])
def test_a_month_that_moves_while_a_first_push_begins_is_put_right_by_the_next(
    synced_shop, copy, tmp_path, monkeypatch, direction
):
    def out():
        archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)

    def back():
        for gone in (MARCH, APRIL):
            restore(synced_shop, gone)

    if direction == "back":
        out()
    theirs = push_state.theirs

    def move_and_ask(servers):
        # The push has its snapshot, and has told nobody yet.
        (out if direction == "out" else back)()
        return theirs(servers)

    with monkeypatch.context() as patch:
        patch.setattr(push_state, "theirs", move_and_ask)
        pushed(copy, synced_shop)
    query = asked_of("promotions/performance", *SPRING, group_by="month")
    with fresh_cursor(synced_shop) as cr:
        is_left_alone, first = state_of(cr, query).pushing, held(copy)

    pushed(copy, synced_shop)

    after = held(copy)
    rebuilt(copy, synced_shop)
    assert held(copy) == after
    assert all(after.values())
    assert is_left_alone or first == after


def test_an_order_that_moved_out_of_its_first_month_stays_in_the_copy(
    shop, synced_shop, copy, tmp_path
):
    pushed(copy, synced_shop)
    # ClickHouse keeps it in the partition of March.
    shop.change("processed_order", "A1", ordered_at="2017-04-21 12:00Z")
    synced(shop.dsn, synced_shop)
    pushed(copy, synced_shop)

    archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)
    pushed(copy, synced_shop)

    [(key,)] = databases.rows(
        synced_shop, "SELECT order_key FROM fact_document WHERE document_key = 'A1'"
    )
    orders = held(copy)["promotion_order_data"]
    assert key in {row[0] for row in orders}
    rebuilt(copy, synced_shop)
    assert held(copy)["promotion_order_data"] == orders


@pytest.mark.parametrize(("slug", "asked"), FURTHER)
def test_both_stores_answer_the_same_beyond_the_horizon(
    slug, asked, synced_shop, copy, tmp_path
):
    archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)
    pushed(copy, synced_shop)
    query = asked_of(slug, *SPRING, **asked)
    settings = Settings(clickhouse_url=copy.url, clickhouse_cost=0)

    found, expected = ask(synced_shop, query, settings), ask(synced_shop, query)

    assert found.rows == expected.rows != []


def test_a_push_that_dies_while_it_fills_anew_is_gone_on_with(
    synced_shop, copy, tmp_path, monkeypatch
):
    pushed(copy, synced_shop)
    archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)

    alter = servers.Servers.alter

    def drop_and_die(*given):
        alter(*given)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(servers.Servers, "alter", drop_and_die)
        with pytest.raises(Killed):
            pushed(copy, synced_shop)
    query = asked_of("promotions/performance", *SPRING, group_by="month")
    with fresh_cursor(synced_shop) as cr:
        assert state_of(cr, query).pushing

    pushed(copy, synced_shop)

    after = held(copy)
    rebuilt(copy, synced_shop)
    assert held(copy) == after
    assert contents(synced_shop)["rollup"]


def test_an_old_snapshot_takes_no_dropped_partition_for_an_empty_one(
    synced_shop, copy, tmp_path
):
    pushed(copy, synced_shop)
    query = asked_of("promotions/performance", *YEAR, group_by="hour")
    settings = Settings(clickhouse_url=copy.url, clickhouse_cost=0)
    with closing(connect(synced_shop)) as connection, connection.cursor() as cr:
        connection.set_session(isolation_level="REPEATABLE READ")
        cr.execute("SELECT FROM fact_load")
        before = ask(synced_shop, query)
        databases.execute(
            synced_shop,
            "INSERT INTO loyalty_reporting_archive (month, tier, state)"
            " VALUES ('2017-03-01', 'aggregate', 'archived')",
        )
        copy.rows("ALTER TABLE promotion_performance_data DROP PARTITION 201703")

        with pytest.raises(BadQuery):
            answer(query, cr, settings, lambda: fresh_cursor(synced_shop))
    assert before.rows


@pytest.mark.parametrize(
    ("slug", "asked"),
    [
        ("points/transactions", {}),
        ("promotions/performance", {"measures": "unique_customers"}),
    ],
)
def test_an_old_snapshot_sees_no_half_of_what_left_since(
    slug, asked, synced_shop, tmp_path
):
    query = asked_of(slug, *YEAR, **asked)
    with (
        closing(connect(synced_shop, readonly=True)) as connection,
        connection.cursor() as cr,
    ):
        cr.execute("SELECT FROM fact_load")
        archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)

        with pytest.raises(BadQuery, match="archived"):
            answer(query, cr, Settings(), lambda: fresh_cursor(synced_shop))


def test_balances_are_told_from_the_first_booking_on_when_some_left_since(
    synced_shop, tmp_path
):
    # Of a period of which all is here.
    asked = {"card_id": "1", "measures": "balance", "group_by": "month"}
    query = asked_of("points/activity", *SPRING, **asked)
    before = ask(synced_shop, query)
    assert before.rows
    with (
        closing(connect(synced_shop, readonly=True)) as connection,
        connection.cursor() as cr,
    ):
        cr.execute("SELECT FROM fact_load")
        archived(synced_shop, tmp_path, month(2019, 4), policies=BOTH)

        after = answer(query, cr, Settings(), lambda: fresh_cursor(synced_shop))
    assert away(synced_shop, Tier.AGGREGATE) == [MARCH]
    assert after.rows == before.rows
