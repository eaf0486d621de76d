"""The push to ClickHouse: whatever happens on the way, the copy equals PostgreSQL."""

import databases
import pytest
from contract_store import assert_equal
from copies import purge_tombstones, pushed, rebuilt, state_of, synced
from test_changes import CHANGES

pytest_plugins = ["store_fixtures"]

NEWEST = "SELECT load_id FROM fact_load"


def rows_in(copy):
    """Rows of the tables as they lie there, with whatever versions there are."""
    return {
        table: sorted(copy.rows(f"SELECT * FROM {table}"))
        for table in ("promotion_order_data", "promotion_performance_data")
    }


def visible(copy):
    return copy.value("SELECT count() FROM promotion_performance")


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

    @pytest.mark.parametrize("total", ["20", "-20", "20.0001", "-0.0001", "0.0002"])
    def test_averages_are_rounded_alike(self, engine, report, copy, total):
        for number in range(3):
            engine.order(f"A{number}", lines=0)
            engine.line(f"A{number}", amount=total if number == 0 else 0)
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
        for table in ("promotion_order_data", "promotion_performance_data"):
            copy.rows(f"SYSTEM STOP MERGES {table}")
        for store in range(4, 9):
            shop.change("processed_order", "A1", store_id=store)
            synced(shop.dsn, report)
            pushed(copy, report)
            assert_equal(report, copy)
        raw = copy.value("SELECT count() FROM promotion_order_data")
        final = copy.value("SELECT count() FROM promotion_order_data FINAL")
        assert raw > final

    def test_only_what_is_new_is_sent(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        shop.order("A8", "2017-04-22 12:00Z", lines=1)
        synced(shop.dsn, report)
        assert pushed(copy, report) == 2

    def test_a_renaming_alone_is_pushed(self, synced_shop, copy):
        pushed(copy, synced_shop)
        databases.execute(
            synced_shop,
            "UPDATE loyalty_reporting_program SET name = 'Été' WHERE id = 1",
        )
        before = state_of(synced_shop)["epoch"]
        assert pushed(copy, synced_shop) == 0
        assert state_of(synced_shop)["epoch"] == before + 1
        assert_equal(synced_shop, copy)
        assert pushed(copy, synced_shop) == 0
        assert state_of(synced_shop)["epoch"] == before + 1
