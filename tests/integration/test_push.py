"""The push to ClickHouse: whatever happens on the way, the copy equals PostgreSQL."""

import databases
import pytest
from changes import CHANGES
from contract_store import API_COLUMNS, assert_equal, of_clickhouse
from copies import purge_tombstones, pushed, rebuilt, state_of, synced

from core.stores import push as pushing
from core.stores.push_tables import FACTS, TABLES

pytest_plugins = ["store_fixtures"]

NEWEST = "SELECT load_id FROM fact_load"


def of_points(where, change):
    """Change rows of the ledger."""
    return lambda e: e.run(
        f"UPDATE engine.point_transaction SET {change} WHERE {where}"
    )


def of_events(where, change):
    """Change events of memberships."""
    return lambda e: e.run(f"UPDATE engine.membership_event SET {change} WHERE {where}")


LATE, HOURS = "transaction_type = 'expire'", "interval '5 hours'"
POINT_CHANGES = {
    "an amount": of_points(LATE, "points_amount = 8"),
    "a type": of_points(LATE, "transaction_type = 'redeem'"),
    "another hour": of_points(LATE, f"occurred_at = occurred_at + {HOURS}"),
    "another month": of_points(LATE, "occurred_at = '2017-07-01 00:00Z'"),
    "another card": of_points(LATE, "card_id = 2"),
    "a card not known before": of_points(LATE, "card_id = 77, partner_id = 78"),
    "another program": of_points(LATE, "program_id = 1"),
    "another customer": of_points(LATE, "partner_id = 8"),
    "no customer": of_points(LATE, "partner_id = NULL"),
    "what a reverse reverses": of_points("reverses_id = 404", "reverses_id = NULL"),
    "an opening": of_points("balance_after = 120", "balance_after = 20"),
    "a deletion": lambda e: e.run(f"DELETE FROM engine.point_transaction WHERE {LATE}"),
    "no points at all": lambda e: e.run("DELETE FROM engine.point_transaction"),
    "a join at another day": of_events(
        "partner_id = 8 AND event_type = 'join'", "occurred_at = '2017-03-31 12:00Z'"
    ),
    "a join to another level": of_events(
        "event_type = 'join'", "to_membership_product_id = 3"
    ),
    "a join to a level not known before": of_events(
        "event_type = 'join'", "to_membership_product_id = 33"
    ),
    "an upgrade that was a downgrade": of_events(
        "event_type = 'upgrade'", "event_type = 'downgrade'"
    ),
    "no memberships at all": lambda e: e.run("DELETE FROM engine.membership_event"),
}


def rows_in(copy):
    """Rows of the tables as they lie there, with whatever versions there are."""
    return {table: sorted(copy.rows(f"SELECT * FROM {table}")) for table in TABLES}


def visible(copy):
    return {view: copy.value(f"SELECT count() FROM {view}") for view in API_COLUMNS}


class TestEqual:
    def test_a_first_push_fills_the_copy(self, synced_shop, copy):
        assert pushed(copy, synced_shop) > 20
        assert_equal(synced_shop, copy)

    @pytest.mark.parametrize(
        "fault",
        [
            "UPDATE promotion_order_data SET amount = amount + 0.01 WHERE ctid ="
            " (SELECT ctid FROM promotion_order_data LIMIT 1)",
            "UPDATE promotion_performance_data SET unique_customers = 9 WHERE ctid ="
            " (SELECT ctid FROM promotion_performance_data LIMIT 1)",
            "UPDATE loyalty_reporting_program SET name = 'Other' WHERE external_id = 1",
            "UPDATE customer_day_data SET is_joined = NOT is_joined WHERE ctid ="
            " (SELECT ctid FROM customer_day_data LIMIT 1)",
            "UPDATE membership_analytics_data SET member_change = 9 WHERE ctid ="
            " (SELECT ctid FROM membership_analytics_data LIMIT 1)",
            "UPDATE point_analytics_rollup_data SET balance = balance + 0.0001"
            " WHERE ctid = (SELECT ctid FROM point_analytics_rollup_data LIMIT 1)",
            "UPDATE point_analytics_rollup_data SET transaction_type = 'adjust'"
            " WHERE transaction_type = 'expire'",
            "UPDATE loyalty_reporting_membership_product SET level = 'Other'",
            "UPDATE loyalty_reporting_card SET external_id = 99 WHERE external_id = 1",
            "UPDATE loyalty_reporting_customer SET external_id = 99"
            " WHERE external_id = 7",
        ],
    )
    def test_the_comparison_sees_a_planted_fault(self, synced_shop, copy, fault):
        pushed(copy, synced_shop)
        databases.execute(synced_shop, fault)
        with pytest.raises(AssertionError, match=r"missing \d"):
            assert_equal(synced_shop, copy)

    def test_the_comparison_sees_a_row_too_many(self, synced_shop, copy):
        pushed(copy, synced_shop)
        copy.rows(
            "INSERT INTO promotion_order_data (order_key, program_key, first_day,"
            " load_id, day) VALUES",
            [(999, 1, 17000, 1, 17000)],
        )
        with pytest.raises(AssertionError, match="too many 1"):
            assert_equal(synced_shop, copy)

    def test_the_shop_has_something_of_everything(self, synced_shop, copy):
        pushed(copy, synced_shop)
        found = of_clickhouse(copy)
        assert all(found.values()), found
        types = copy.rows("SELECT DISTINCT transaction_type FROM point_analytics")
        assert {name for (name,) in types} == {
            *("earn", "redeem", "expire", "adjust", "reverse")
        }

    def test_the_views_have_the_columns_that_were_promised(self, synced_shop, copy):
        pushed(copy, synced_shop)
        for view, promised in API_COLUMNS.items():
            types = dict(row[:2] for row in copy.rows(f"DESCRIBE TABLE {view}"))
            assert set(promised.split()) <= types.keys()
            assert {types[name] for name in promised.split()} <= {
                *("String", "Date", "DateTime('UTC')", "Int64", "Float64"),
                "Decimal(38, 4)",
            }
            copy.rows(f"SELECT {', '.join(promised.split())} FROM {view}")

    def test_a_second_push_has_nothing_to_do(self, synced_shop, copy):
        pushed(copy, synced_shop)
        before, found = state_of(synced_shop), rows_in(copy)
        assert pushed(copy, synced_shop) == 0
        after = state_of(synced_shop)
        assert after["epoch"] == before["epoch"]
        assert after["pushed_at"] > before["pushed_at"]
        assert rows_in(copy) == found

    def test_nothing_is_pushed_before_the_first_load(self, report, copy):
        assert pushed(copy, report) == 0
        assert state_of(report)["watermark"] == 0

    def test_the_copy_follows_every_kind_of_change(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        for change in CHANGES.values():
            change(shop)
            synced(shop.dsn, report)
            pushed(copy, report)
            assert_equal(report, copy)

    def test_a_document_that_goes_comes_back_and_goes_is_gone(self, shop, report, copy):
        for state in ("done", "void", "done", "refund", "void"):
            shop.change("processed_order", "A1", state=state)
            synced(shop.dsn, report)
            pushed(copy, report)
            assert_equal(report, copy)

    def test_several_loads_may_lie_between_two_pushes(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        for at in ("2017-03-11", "2017-05-11", "2017-03-10"):
            shop.change("processed_order", "A1", ordered_at=f"{at} 15:00Z", store_id=7)
            synced(shop.dsn, report)
            shop.change("processed_order", "A2", ordered_at=f"{at} 16:00Z")
            synced(shop.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    def test_a_new_time_zone_moves_every_bucket(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        databases.execute(
            report, "UPDATE loyalty_reporting_company SET timezone = 'Asia/Kolkata'"
        )
        synced(shop.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    def test_tombstones_are_needed_only_until_they_are_pushed(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        shop.change("processed_order", "A1", state="void")
        synced(shop.dsn, report)
        pushed(copy, report)
        purge_tombstones(report)
        shop.change("processed_order", "A1", state="done")
        shop.change("processed_order", "A2", state="void")
        synced(shop.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    @pytest.mark.parametrize("what", POINT_CHANGES)
    def test_the_copy_follows_memberships_and_points(self, shop, report, copy, what):
        synced(shop.dsn, report)
        pushed(copy, report)
        before = of_clickhouse(copy)
        POINT_CHANGES[what](shop)
        synced(shop.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)
        assert of_clickhouse(copy) != before, "the change was none"

    def test_a_late_booking_changes_the_balances_of_later_hours(
        self, shop, report, copy
    ):
        def balances():
            return copy.rows(
                "SELECT hour, balance FROM point_analytics WHERE card_id = 1"
                " AND hour > '2017-03-12 00:00:00' ORDER BY hour, transaction_type"
            )

        synced(shop.dsn, report)
        pushed(copy, report)
        before = balances()
        shop.points(100, occurred_at="2017-03-11 09:00Z", seq=0)
        synced(shop.dsn, report)
        pushed(copy, report)
        assert balances() == [(hour, balance + 100) for hour, balance in before]
        assert_equal(report, copy)

    def test_points_may_come_long_after_the_orders(self, engine, report, copy):
        engine.order("A1")
        synced(engine.dsn, report)
        pushed(copy, report)
        engine.points(5, card_id=9, partner_id=42)
        engine.membership("join", 2, partner_id=43)
        synced(engine.dsn, report)
        result = pushing.push(copy.settings, report)
        assert (result.state, result.message) == ("done", "")
        assert_equal(report, copy)
        assert copy.rows(
            "SELECT card_id, partner_id, balance FROM point_analytics"
        ) == [(9, 42, 5)]

    @pytest.mark.parametrize("total", ["20", "-20", "20.0001", "-0.0001", "0.0002"])
    def test_averages_are_rounded_alike(self, engine, report, copy, total):
        for number in range(3):
            amount = total if number == 0 else 0
            engine.membership("join", 1, partner_id=number)
            engine.order(f"A{number}", lines=0, partner_id=number, amount_total=amount)
            engine.line(f"A{number}", amount=amount)
        synced(engine.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    def test_more_months_go_in_one_push_than_clickhouse_takes_at_once(
        self, synced_shop, copy
    ):
        pushed(copy, synced_shop)
        databases.execute(
            synced_shop,
            "UPDATE fact_load SET load_id = load_id + 1;"
            " INSERT INTO promotion_order_tombstone SELECT 9000 + n, 1,"
            " date '2001-01-01' + n * interval '1 month', load_id"
            " FROM fact_load, generate_series(0, 299) n",
        )
        assert pushed(copy, synced_shop) == 300
        assert (
            copy.value(
                "SELECT uniq(toYYYYMM(first_month)) FROM promotion_order_data"
                " WHERE is_deleted = 1"
            )
            == 300
        )
        assert_equal(synced_shop, copy)


class TestAgain:
    def test_a_rebuild_changes_nothing(self, synced_shop, copy):
        pushed(copy, synced_shop)
        for _ in range(2):
            assert rebuilt(copy, synced_shop) > 20
            assert_equal(synced_shop, copy)
        assert pushed(copy, synced_shop) == 0

    def test_pushing_all_again_changes_nothing(self, synced_shop, copy):
        pushed(copy, synced_shop)
        before = visible(copy)
        for _ in range(3):
            databases.execute(
                synced_shop,
                "UPDATE loyalty_reporting_clickhouse SET pushing = true, watermark = 1",
            )
            copy.rows("ALTER TABLE push_state UPDATE written_at = now() WHERE 1")
            pushed(copy, synced_shop)
            assert visible(copy) == before
            assert_equal(synced_shop, copy)

    def test_versions_that_lie_beside_each_other_are_never_seen(
        self, shop, report, copy
    ):
        synced(shop.dsn, report)
        pushed(copy, report)
        for table in FACTS:
            copy.rows(f"SYSTEM STOP MERGES {table}")
        for store in range(4, 9):
            shop.change("processed_order", "A1", store_id=store, amount_total=store)
            shop.points(store, occurred_at="2017-03-10 15:30Z", seq=0)
            synced(shop.dsn, report)
            pushed(copy, report)
            assert_equal(report, copy)
        for table in FACTS:
            raw = copy.value(f"SELECT count() FROM {table}")
            assert raw > copy.value(f"SELECT count() FROM {table} FINAL"), table

    def test_only_what_is_new_is_sent(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        shop.order("A8", "2017-04-22 12:00Z", lines=1)
        synced(shop.dsn, report)
        # The order, its bucket, its customer's day, and that of the membership.
        assert pushed(copy, report) == 4
        shop.points(1, occurred_at="2017-04-23 12:00Z", seq=99)
        synced(shop.dsn, report)
        assert pushed(copy, report) == 3

    def test_only_the_customers_and_cards_of_what_is_new_are_sent(
        self, shop, report, copy
    ):
        synced(shop.dsn, report)
        pushed(copy, report)
        shop.points(1, card_id=5, partner_id=9)
        synced(shop.dsn, report)
        pushed(copy, report)
        newest = "WHERE version = (SELECT max(epoch) FROM push_state)"
        assert copy.rows(f"SELECT card_id FROM card_data {newest}") == [(5,)]
        assert copy.rows(f"SELECT partner_id FROM customer_data {newest}") == [(9,)]

    @pytest.mark.parametrize(
        "renaming",
        [
            "UPDATE loyalty_reporting_program SET name = 'Été' WHERE id = 1",
            "UPDATE loyalty_reporting_membership_product SET level = 'Or' WHERE id = 1",
        ],
    )
    def test_a_renaming_alone_is_pushed(self, synced_shop, copy, renaming):
        pushed(copy, synced_shop)
        databases.execute(synced_shop, renaming)
        before = state_of(synced_shop)["epoch"]
        assert pushed(copy, synced_shop) == 0
        assert state_of(synced_shop)["epoch"] == before + 1
        assert_equal(synced_shop, copy)
        assert pushed(copy, synced_shop) == 0
        assert state_of(synced_shop)["epoch"] == before + 1
