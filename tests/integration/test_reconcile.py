"""Reconciliation: nothing in a healthy world, and every planted change to the row."""

from contextlib import closing

import databases
import planted
import pytest
from contract_store import assert_equal
from copies import pushed, synced
from reconciling import FEED, MONTHS, found, reconciled, repaired, source_of, summary

from core import sync
from core.errors import SourceError
from core.reconcile import run as reconciling
from core.reconcile.findings import Findings
from core.reconcile.of_source import compare_month
from core.reconcile.snapshot import Snapshot

pytest_plugins = ["store_fixtures"]


@pytest.fixture
def report(shop, synced_shop):
    """A reporting database that has read `shop` as the database it is."""
    synced(shop.dsn, synced_shop)
    return synced_shop


class TestHealthy:
    def test_nothing_is_found_in_a_shop(self, shop, report):
        assert reconciled(shop.dsn, report) == []
        assert found(report, "explained") == []
        assert {*summary(report).values()} == {"ok"}

    def test_nothing_is_found_in_a_copy(self, shop, report, copy):
        assert reconciled(shop.dsn, report, copy) == []
        assert {*summary(report, "clickhouse").values()} == {"ok"}
        assert len(summary(report, "clickhouse")) == 5

    def test_nothing_is_found_of_households(self, households, report_template, copy):
        with databases.database(databases.REPORT, report_template) as report:
            synced(households.dsn, report)
            assert reconciled(households.dsn, report, copy) == []
            assert found(report, "explained") == []
            assert found(report, "reported") == []


def place_of(row):
    return row["level"], row["table_name"]


class TestPostgres:
    """Whatever is planted is found to the row; what follows from it is explained."""

    @pytest.mark.parametrize("place", planted.CENTS, ids=lambda place: place[1])
    def test_a_cent_is_found_and_repaired(self, shop, report, place):
        column = planted.TABLES[place][0]
        planted.cent(report, place)
        [row] = reconciled(shop.dsn, report)
        assert (place_of(row), row["kind"]) == (place, "different")
        changed = {c for c in row["kept"] if row["kept"][c] != row["expected"][c]}
        assert changed == {column}
        repaired(shop.dsn, report)

    @pytest.mark.parametrize(
        "place",
        [p for p in planted.TABLES if p not in planted.CENTS],
        ids=lambda p: p[1],
    )
    def test_another_change_is_found_and_repaired(self, shop, report, place):
        planted.other(report, place)
        [row] = reconciled(shop.dsn, report)
        assert (place_of(row), row["kind"]) == (place, "different")
        repaired(shop.dsn, report)

    @pytest.mark.parametrize("place", planted.TABLES, ids=lambda place: place[1])
    def test_a_missing_row_is_found_and_repaired(self, shop, report, place):
        planted.missing(report, place)
        [row] = reconciled(shop.dsn, report)
        assert (place_of(row), row["kind"], row["kept"]) == (place, "missing", None)
        repaired(shop.dsn, report)

    @pytest.mark.parametrize("place", planted.TABLES, ids=lambda place: place[1])
    def test_a_surplus_row_is_found_and_repaired(self, shop, report, place):
        planted.surplus(report, place)
        [row] = reconciled(shop.dsn, report)
        assert (place_of(row), row["kind"], row["expected"]) == (place, "surplus", None)
        repaired(shop.dsn, report)

    @pytest.mark.parametrize(
        ("table", "change"),
        [
            ("customer_order_data", "membership_product_key = 0"),
            ("point_analytics_data", "membership_product_key = 0"),
            ("point_analytics_data", "counts_as = 'expire'"),
        ],
    )
    def test_what_follows_from_other_rows_is_found(self, shop, report, table, change):
        databases.execute(
            report,
            f"UPDATE {table} SET {change} WHERE transaction_date >= '2017-04-20 18:20'",
        )
        [row] = reconciled(shop.dsn, report)
        assert place_of(row) == ("rollup", table)
        repaired(shop.dsn, report)

    def test_a_cent_of_what_a_row_changes_of_a_balance_is_found_and_repaired(
        self, shop, report
    ):
        databases.execute(
            report,
            "UPDATE point_analytics_rollup_data SET balance_change = balance_change"
            " + 0.01 WHERE date = '2017-04-20' AND transaction_type = 'redeem'",
        )
        [row] = reconciled(shop.dsn, report)
        assert place_of(row) == ("rollup", "point_analytics_rollup_data")
        changed = {c for c in row["kept"] if row["kept"][c] != row["expected"][c]}
        assert changed == {"balance_change"}
        assert [place_of(r)[1] for r in found(report, "explained")] == [
            "point_day_data"
        ]
        repaired(shop.dsn, report)

    def test_all_at_once_is_repaired_as_if_loaded_from_scratch(
        self, shop, report, copy, assert_same_as_from_scratch
    ):
        pushed(copy, report)
        for place in planted.TABLES:
            planted.surplus(report, place)
            planted.missing(report, place)
        reconciled(shop.dsn, report, copy)
        repaired(shop.dsn, report, copy)
        assert_same_as_from_scratch(report, shop.dsn)
        assert_equal(report, copy)
        assert found(report, "repaired")


class TestClickhouse:
    """The copy of each table, found to the row and sent again."""

    def compared(self, shop, report, copy, kind):
        rows = reconciled(shop.dsn, report, copy)
        assert {(r["level"], r["kind"]) for r in rows} == {("clickhouse", kind)}
        assert sorted(r["table_name"] for r in rows) == sorted(planted.COPIES)
        repaired(shop.dsn, report, copy)
        assert_equal(report, copy)
        return rows

    def test_a_cent_is_found_and_repaired(self, shop, report, copy):
        pushed(copy, report)
        for table, (column, _key) in planted.COPIES.items():
            planted.in_copy(copy, table, **{column: 100})
        for row in self.compared(shop, report, copy, "different"):
            column = planted.COPIES[row["table_name"]][0]
            assert int(row["kept"][column]) - int(row["expected"][column]) == 100

    def test_a_cent_of_what_a_row_changes_of_a_balance_is_found(
        self, shop, report, copy
    ):
        pushed(copy, report)
        planted.in_copy(copy, "point_analytics_data", balance_change_e4=100)
        [row] = reconciled(shop.dsn, report, copy)
        changed = {c for c in row["kept"] if row["kept"][c] != row["expected"][c]}
        assert changed == {"balance_change_e4"}
        repaired(shop.dsn, report, copy)
        assert_equal(report, copy)

    def test_a_missing_row_is_found_and_repaired(self, shop, report, copy):
        pushed(copy, report)
        for table in planted.COPIES:
            planted.in_copy(copy, table, is_deleted=1)
        self.compared(shop, report, copy, "missing")

    def test_a_surplus_row_is_found_and_repaired(self, shop, report, copy):
        pushed(copy, report)
        for table, (_column, key) in planted.COPIES.items():
            planted.in_copy(copy, table, **key)
        self.compared(shop, report, copy, "surplus")

    def test_a_missing_partition_is_found_and_repaired(self, shop, report, copy):
        pushed(copy, report)
        for table in planted.COPIES:
            copy.rows(f"ALTER TABLE {table} DROP PARTITION 201704")
        rows = reconciled(shop.dsn, report, copy)
        assert {r["kind"] for r in rows} == {"missing"}
        assert {r["table_name"] for r in rows} == {*planted.COPIES}
        # An order of April, UTC, that was made on 31 March in New York.
        assert min(r["day"] for r in rows) == "2017-03-31"
        repaired(shop.dsn, report, copy)
        assert_equal(report, copy)

    def test_a_row_with_a_number_never_given_is_rebuilt(self, shop, report, copy):
        pushed(copy, report)
        planted.in_copy(copy, "promotion_order_data", amount_e4=100, load_id=10**9)
        assert len(reconciled(shop.dsn, report, copy)) == 1
        repaired(shop.dsn, report, copy)
        assert_equal(report, copy)


class TestSource:
    """What the source says now, against what was loaded."""

    def unnoticed(self, shop, statement):
        """Change the engine without its cursor's mark."""
        shop.run(
            "BEGIN; SET LOCAL session_replication_role = replica;"
            " ALTER TABLE engine.order_promotion_line DISABLE TRIGGER USER;"
            f" {statement}; ALTER TABLE engine.order_promotion_line ENABLE TRIGGER USER;"
            " COMMIT"
        )

    @pytest.mark.parametrize(
        ("statement", "kind"),
        [
            (
                "UPDATE engine.order_promotion_line SET amount = amount + 0.01"
                " WHERE order_id = 'A1' AND program_id = 2",
                "different",
            ),
            (
                "DELETE FROM engine.order_promotion_line WHERE order_id = 'A1'"
                " AND program_id = 2",
                "surplus",
            ),
            (
                "INSERT INTO engine.order_promotion_line SELECT (jsonb_populate_record("
                " l, '{\"id\": 999}')).* FROM engine.order_promotion_line l"
                " WHERE order_id = 'A1' AND program_id = 2",
                "missing",
            ),
        ],
    )
    def test_a_change_that_nobody_marked(self, shop, report, statement, kind):
        self.unnoticed(shop, statement)
        [row] = reconciled(shop.dsn, report)
        assert (row["kind"], row["document_key"]) == (kind, "A1")
        assert row["table_name"] == "promotion_report_detail_data"
        repaired(shop.dsn, report)

    def test_what_is_on_its_way_is_no_difference(self, shop, report, monkeypatch):
        def read_too_early(*args, **feed):
            result = sync_run(*args, **feed)
            shop.line("A1")
            shop.change("processed_order", "A2", state="void")
            shop.evaluation("lost-9")
            shop.run("DELETE FROM engine.point_transaction WHERE order_id = 'A5'")
            return result

        sync_run = sync.run
        monkeypatch.setattr(sync, "run", read_too_early)
        result = reconciling.reconcile_source(
            source_of(shop.dsn), report, months=MONTHS, **FEED
        )
        assert result.state == "done", result
        assert "documents were on their way" in result.message
        assert found(report) == []

    def test_refused_rows_are_listed_and_no_difference(self, shop, report):
        shop.line("A1", amount="NaN")
        assert reconciled(shop.dsn, report) == []
        [row] = found(report, "explained")
        assert (row["kind"], row["document_key"]) == ("refused", "A1")
        assert "does not fit" in row["reason"]

    def test_a_first_order_that_is_none_is_reported(self, shop, report):
        shop.order("B1", "2017-04-25 10:00:00+00", is_first_order=True)
        shop.order("B2", "2017-04-25 10:00:00+00", is_first_order=False)
        assert reconciled(shop.dsn, report) == []
        [row] = found(report, "reported")
        assert (row["level"], row["document_key"]) == ("delivered", "B1")
        assert row["kept"] == {"is_first_order": "true"}

    def test_a_balance_that_does_not_add_up_is_reported(self, shop, report):
        shop.points(1, occurred_at="2017-04-25 10:00:00+00", balance_after="146.26")
        assert reconciled(shop.dsn, report) == []
        [row] = found(report, "reported")
        assert (row["level"], row["table_name"]) == (
            "delivered",
            "point_analytics_data",
        )
        assert row["kept"] == {"balance_after": "146.2600"}

    def test_a_source_that_was_not_read_to_its_end_is_not_compared(self, shop, report):
        shop.run("TRUNCATE engine.promotion_evaluation")
        with closing(Snapshot(report, "engine", "engine")) as snapshot:
            source = source_of(shop.dsn)
            with pytest.raises(SourceError, match="truncated"):
                compare_month(snapshot, source, MONTHS[0], 0, Findings())
