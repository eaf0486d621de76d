"""Materialized views: refreshed beside their readers, never lost, whole when months go."""

from contextlib import closing
from datetime import date

import databases
import psycopg2
import pytest
from pipeline import synced

from core.stores import materialized, summary
from core.stores.migrate import migrate

VIEW = "mv_promotion_daily_summary"
ROWS = f"SELECT * FROM {VIEW} ORDER BY company_id, program_id, report_date"
RUNS = (
    "SELECT source_name, state, rows_loaded FROM loyalty_reporting_run"
    " WHERE job = 'refresh' ORDER BY id"
)
FROM_SCRATCH = """
    SELECT o.company_id, p.external_id, o.date, count(*),
        count(DISTINCT o.customer_key), sum(o.qty), sum(o.amount), sum(o.discount),
        sum(o.points_earned), sum(o.points_redeemed)
    FROM promotion_order_data o
    JOIN loyalty_reporting_program p ON p.id = o.program_key
    WHERE o.line_count > 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
MONTH_OF = "date_trunc('month', transaction_date)::date"


@pytest.fixture
def loaded(shop, report):
    """URL of a reporting database with a bit of everything, its view empty still."""
    synced(shop.dsn, report)
    return report


def refreshed(dsn, **options):
    """The result of refreshing the day summary."""
    return materialized.refresh(dsn, **options)[VIEW]


def applied(dsn):
    """What an update of the addon does to the schema."""
    with closing(psycopg2.connect(dsn)) as connection, connection:
        return migrate(connection.cursor())


def frozen(dsn, month):
    """Freeze a month, and take its rows away."""
    with closing(psycopg2.connect(dsn)) as connection, connection:
        cr = connection.cursor()
        summary.freeze(cr, month)
        cr.execute(f"DELETE FROM promotion_order_data WHERE {MONTH_OF} = %s", [month])


class TestRefresh:
    def test_it_happens_when_a_load_changed_something_and_is_logged(self, shop, loaded):
        result = refreshed(loaded)
        rows = databases.rows(loaded, ROWS)
        assert rows == databases.rows(loaded, FROM_SCRATCH)
        assert (result.state, result.counts.rows_loaded) == ("done", len(rows))
        assert refreshed(loaded).counts.rows_loaded == 0
        shop.order("new", lines=1)
        synced(shop.dsn, loaded)
        assert refreshed(loaded).counts.rows_loaded == len(rows)
        assert databases.rows(loaded, ROWS) == databases.rows(loaded, FROM_SCRATCH)
        assert databases.rows(loaded, ROWS) != rows
        logged = [(VIEW, "done", n) for n in (len(rows), 0, len(rows))]
        assert databases.rows(loaded, RUNS) == logged

    def test_it_can_be_asked_for_though_nothing_changed(self, loaded):
        refreshed(loaded)
        assert refreshed(loaded, force=True).counts.rows_loaded > 0

    def test_who_reads_meanwhile_does_not_wait_and_is_not_waited_for(self, loaded):
        with closing(psycopg2.connect(loaded)) as reader:
            cr = reader.cursor()
            cr.execute(ROWS)
            assert refreshed(loaded).state == "done"
            assert databases.rows(loaded, ROWS)
            # A refresh that is not CONCURRENTLY would have waited for this reader.
            plain = f"SET lock_timeout = '200ms'; REFRESH MATERIALIZED VIEW {VIEW}"
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                databases.execute(loaded, plain)

    def test_a_view_that_fails_does_not_stop_the_others(
        self, loaded, tmp_path, monkeypatch
    ):
        (tmp_path / f"{VIEW}.sql").write_text(materialized._text(VIEW))
        (tmp_path / "mv_broken.sql").write_text(
            "CREATE MATERIALIZED VIEW mv_broken AS SELECT 1 / count(*) AS x FROM nowhere"
        )
        monkeypatch.setattr(materialized, "FOLDER", tmp_path)
        results = materialized.refresh(loaded, names=("mv_broken", VIEW))
        assert [r.state for r in results.values()] == ["failed", "done"]
        assert "nowhere" in results["mv_broken"].message
        assert databases.rows(loaded, ROWS) == databases.rows(loaded, FROM_SCRATCH)

    def test_a_problem_is_shown_until_it_is_over(self, loaded):
        problem = "SELECT problem FROM loyalty_reporting_materialized_view"
        databases.execute(loaded, f"DROP INDEX {VIEW}_idx")
        assert refreshed(loaded).state == "failed"
        assert "unique index" in databases.value(loaded, problem)
        databases.execute(loaded, f"DROP MATERIALIZED VIEW {VIEW}")
        assert refreshed(loaded).state == "done"
        assert databases.value(loaded, problem) is None


class TestKept:
    @pytest.mark.parametrize("mend", [refreshed, applied], ids=["refresh", "update"])
    def test_one_that_was_dropped_by_cascade_is_made_again(self, loaded, mend):
        databases.execute(loaded, f"DROP MATERIALIZED VIEW {VIEW} CASCADE")
        mend(loaded)
        assert databases.rows(loaded, ROWS) == databases.rows(loaded, FROM_SCRATCH)
        # It can be refreshed beside readers as before.
        assert refreshed(loaded, force=True).state == "done"

    def test_an_update_makes_a_changed_one_again_for_the_same_readers(
        self, loaded, tmp_path, monkeypatch
    ):
        role = "mv_reader"
        databases.execute(
            loaded,
            f"DROP ROLE IF EXISTS {role}; CREATE ROLE {role};"
            f"GRANT SELECT ON {VIEW} TO {role}",
        )
        changed = materialized._text(VIEW).replace(
            "count(DISTINCT", "7 * count(DISTINCT"
        )
        (tmp_path / f"{VIEW}.sql").write_text(changed)
        monkeypatch.setattr(materialized, "FOLDER", tmp_path)
        assert applied(loaded) == []
        customers = f"SELECT sum(unique_customers) FROM {VIEW}"
        scratch = f"SELECT 7 * sum(count) FROM ({FROM_SCRATCH}) s (c, p, d, n, count)"
        assert databases.value(loaded, customers) == databases.value(loaded, scratch)
        databases.execute(loaded, f"SET ROLE {role}; {customers}")
        databases.execute(loaded, f"DROP OWNED BY {role}; DROP ROLE {role}")

    def test_views_that_others_built_upon_it_are_never_dropped(
        self, loaded, tmp_path, monkeypatch
    ):
        databases.execute(loaded, f"CREATE VIEW theirs AS SELECT * FROM {VIEW}")
        (tmp_path / f"{VIEW}.sql").write_text(materialized._text(VIEW) + "-- changed")
        monkeypatch.setattr(materialized, "FOLDER", tmp_path)
        with pytest.raises(psycopg2.errors.DependentObjectsStillExist):
            applied(loaded)
        assert databases.rows(loaded, "SELECT * FROM theirs") == databases.rows(
            loaded, f"SELECT * FROM {VIEW}"
        )


class TestFrozen:
    @pytest.fixture
    def year(self, household_template, report):
        """URL of a reporting database with a year of some households."""
        synced(household_template, report)
        return report

    def test_no_figure_changes_when_months_go_one_after_the_other(self, year):
        refreshed(year)
        before = databases.rows(year, ROWS)
        for month in range(1, 13):
            frozen(year, date(2017, month, 1))
            if month in (1, 5, 12):
                assert refreshed(year).counts.rows_loaded == len(before)
                assert databases.rows(year, ROWS) == before
        # What is left are orders of 2018, by UTC.
        assert databases.value(year, "SELECT count(*) FROM promotion_order_data") < 20

    def test_a_frozen_month_is_not_counted_twice_while_its_rows_are_here(self, year):
        refreshed(year)
        before = databases.rows(year, ROWS)
        with closing(psycopg2.connect(year)) as connection, connection:
            for _again in range(2):
                summary.freeze(connection.cursor(), date(2017, 3, 1))
        refreshed(year)
        assert databases.rows(year, ROWS) == before

    def test_a_month_that_is_dropped_and_not_frozen_would_be_lost(self, year):
        refreshed(year)
        before = databases.rows(year, ROWS)
        databases.execute(
            year, f"DELETE FROM promotion_order_data WHERE {MONTH_OF} = '2017-03-01'"
        )
        refreshed(year, force=True)
        assert databases.rows(year, ROWS) != before

    def test_a_thawed_month_is_taken_from_its_rows_again(self, year):
        with closing(psycopg2.connect(year)) as connection, connection:
            cr = connection.cursor()
            summary.freeze(cr, date(2017, 3, 1))
            cr.execute(
                "UPDATE promotion_order_data SET amount = amount + 1"
                f" WHERE {MONTH_OF} = '2017-03-01'"
            )
        refreshed(year)
        scratch = databases.rows(year, FROM_SCRATCH)
        assert databases.rows(year, ROWS) != scratch
        with closing(psycopg2.connect(year)) as connection, connection:
            summary.thaw(connection.cursor(), date(2017, 3, 1))
        refreshed(year)
        assert databases.rows(year, ROWS) == scratch
