"""One side of the push was lost, restored or mixed up: it is noticed and put right."""

import re

import databases
import pytest
from contract_store import assert_equal
from copies import Killed, fail, problem_of, pushed, rebuilt, synced

from core.stores import push as pushing
from core.stores.clickhouse import schema_version
from core.stores.push_tables import FACTS, TABLES, VIEWS

pytest_plugins = ["store_fixtures"]


class TestLost:
    @pytest.mark.parametrize(
        "loss",
        [
            *(f"DROP TABLE {name}" for name in (*TABLES, *VIEWS, "push_state")),
            *(f"TRUNCATE TABLE {name}" for name in (*FACTS, "push_state")),
            "TRUNCATE TABLE customer_data",
            "TRUNCATE TABLE card_data",
        ],
    )
    def test_what_clickhouse_lost_is_filled_again(self, synced_shop, copy, loss):
        pushed(copy, synced_shop)
        copy.rows(loss)
        result = pushing.push(copy.settings, synced_shop)
        assert result.state == "done"
        assert re.search("had lost|was empty", result.message)
        assert_equal(synced_shop, copy)
        assert pushing.push(copy.settings, synced_shop).message == ""

    def test_tables_of_another_version_of_the_addon_are_made_anew(
        self, synced_shop, copy
    ):
        pushed(copy, synced_shop)
        copy.rows("ALTER TABLE promotion_order_data DROP COLUMN points_earned_e4")
        copy.mutate("push_state", "UPDATE schema = 'older' WHERE 1")
        result = pushing.push(copy.settings, synced_shop)
        assert "another version" in result.message
        assert_equal(synced_shop, copy)

    def test_views_of_another_version_are_made_anew_and_the_tables_stay(
        self, synced_shop, copy
    ):
        rows = pushed(copy, synced_shop)
        copy.rows("DROP TABLE point_analytics")
        copy.rows("CREATE VIEW point_analytics AS SELECT 1 AS former")
        tables = schema_version()[:16]
        copy.mutate("push_state", f"UPDATE schema = '{tables}former' WHERE 1")
        result = pushing.push(copy.settings, synced_shop)
        assert (result.state, result.message) == ("done", "")
        assert result.counts.rows_loaded < rows
        assert_equal(synced_shop, copy)
        assert copy.value("SELECT count() FROM point_analytics WHERE card_id > 0")

    def test_versions_that_were_here_are_told_by_a_log(self, synced_shop, copy):
        log = "SELECT number, schema, change FROM schema_log ORDER BY number"
        pushed(copy, synced_shop)
        first = (1, schema_version(), copy.value("SELECT change FROM schema_log"))
        assert "was empty" in first[2]
        for change in ("rebuilt", "made again"):
            tables = "other" if change == "rebuilt" else schema_version()[:16]
            copy.mutate("push_state", f"UPDATE schema = '{tables}' WHERE 1")
            copy.mutate("schema_log", f"UPDATE schema = '{tables}' WHERE 1")
            pushed(copy, synced_shop)
            assert copy.rows(log)[-1][1] == schema_version()
            assert change in copy.rows(log)[-1][2]
        assert [number for number, *_ in copy.rows(log)] == [1, 2, 3]
        # What is merely rebuilt is of the same version.
        rebuilt(copy, synced_shop)
        assert len(copy.rows(log)) == 3

    def test_an_older_copy_of_clickhouse_is_noticed(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        kept = copy.rows("SELECT * FROM push_state ORDER BY epoch")
        shop.change("processed_order", "A1", store_id=4)
        synced(shop.dsn, report)
        pushed(copy, report)
        copy.mutate("push_state", f"DELETE WHERE epoch > {kept[-1][0]}")
        result = pushing.push(copy.settings, report)
        assert "was restored" in result.message
        assert_equal(report, copy)


class TestRestored:
    """PostgreSQL goes back to an earlier state under the same name."""

    @pytest.fixture
    def restore(self, report):
        """Functions (keep, restore) of the reporting database."""
        with databases.database(databases.REPORT) as spare:
            names = [databases.name_in(dsn) for dsn in (report, spare)]

            def copied(source, target):
                databases.drop(databases.REPORT, target)
                databases.administer(
                    databases.REPORT, f'CREATE DATABASE "{target}" TEMPLATE "{source}"'
                )

            yield lambda: copied(*names), lambda: copied(*reversed(names))

    def go_on(self, shop, report, key):
        shop.order(key, "2017-04-22 12:00Z", lines=2)
        synced(shop.dsn, report)

    @pytest.mark.parametrize("pushes", [1, 3])
    def test_a_restored_database_rebuilds_the_copy_once(
        self, shop, report, copy, restore, pushes
    ):
        keep, back = restore
        synced(shop.dsn, report)
        pushed(copy, report)
        keep()
        for number in range(pushes):
            self.go_on(shop, report, f"X{number}")
            pushed(copy, report)
        back()
        shop.run("DELETE FROM engine.processed_order WHERE id LIKE 'X%'")
        shop.run("DELETE FROM engine.order_promotion_line WHERE order_id LIKE 'X%'")
        shop.run("UPDATE engine.program SET name = 'Restored' WHERE id = 1")
        synced(shop.dsn, report)
        result = pushing.push(copy.settings, report)
        assert "was restored" in result.message
        assert_equal(report, copy)
        for number in range(2):
            self.go_on(shop, report, f"Y{number}")
            assert pushing.push(copy.settings, report).message == ""
            assert_equal(report, copy)

    def test_half_a_push_of_the_lost_time_is_noticed(
        self, shop, report, copy, restore, monkeypatch
    ):
        keep, back = restore
        synced(shop.dsn, report)
        pushed(copy, report)
        keep()
        self.go_on(shop, report, "X")
        monkeypatch.setattr(pushing.push_state, "settle", fail)
        with pytest.raises(Killed):
            pushing.push(copy.settings, report)
        monkeypatch.undo()
        back()
        shop.delete("processed_order", "X")
        shop.run("DELETE FROM engine.order_promotion_line WHERE order_id = 'X'")
        result = pushing.push(copy.settings, report)
        assert "was restored" in result.message
        assert_equal(report, copy)

    def test_a_rebuild_that_is_cut_short_is_still_owed(
        self, shop, report, copy, restore, monkeypatch
    ):
        keep, back = restore
        synced(shop.dsn, report)
        pushed(copy, report)
        keep()
        self.go_on(shop, report, "X")
        pushed(copy, report)
        back()
        monkeypatch.setattr(pushing._Push, "_fill", fail)
        for _ in range(3):
            with pytest.raises(Killed):
                pushing.push(copy.settings, report)
        monkeypatch.undo()
        assert pushing.push(copy.settings, report).message
        assert_equal(report, copy)

    def test_another_databases_copy_is_refused_and_left_alone(
        self, shop, report, copy, report_template
    ):
        synced(shop.dsn, report)
        pushed(copy, report)
        with databases.database(databases.REPORT, report) as other:
            for job in (pushing.push, pushing.rebuild):
                message = problem_of(job(copy.settings, other), other)
                assert f"another reporting database ({databases.name_in(report)})" in (
                    message
                )
        assert_equal(report, copy)
        assert pushed(copy, report) == 0
