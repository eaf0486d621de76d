"""Which store answers: ClickHouse if it is whole and reachable, never half a push."""

import time
from contextlib import closing
from dataclasses import replace
from datetime import date

import databases
import pytest
from asking import ask, query_of
from copies import SECRET, fresh_cursor, pushed, synced

from core.database import connect
from core.errors import StoreError
from core.queries import answer as answering
from core.queries import clickhouse, postgres
from core.settings import Settings
from core.stores import push as pushing
from dev import ports

pytest_plugins = ["store_fixtures", "answer_fixtures"]

MARCH = (date(2017, 3, 1), date(2017, 3, 31))
IS_CHEAP_HERE = answering.is_cheap_here


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"measures": "total_amount"}, ("postgresql", "day")),
        ({"measures": "total_amount", "grain": "month"}, ("postgresql", "day")),
        ({"measures": "total_amount", "grain": "hour"}, ("clickhouse", "rollup")),
        ({"measures": "total_amount", "dimensions": "store"}, ("clickhouse", "rollup")),
        ({"dimensions": "store"}, ("clickhouse", "order")),
    ],
)
def test_the_smallest_table_answers_wherever_it_is(world, monkeypatch, asked, expected):
    _engine, report, copy = world
    monkeypatch.setattr(answering, "is_cheap_here", IS_CHEAP_HERE)
    settings = replace(copy.settings, clickhouse_cost=0)
    found = ask(report, query_of(*MARCH, **asked), settings)
    assert (found.store, found.tier) == expected


@pytest.mark.parametrize(
    ("most", "store"), [(0, "clickhouse"), (1, "clickhouse"), (10**9, "postgresql")]
)
def test_what_is_little_to_read_postgresql_answers(world, monkeypatch, most, store):
    _engine, report, copy = world
    monkeypatch.setattr(answering, "is_cheap_here", IS_CHEAP_HERE)
    settings = replace(copy.settings, clickhouse_cost=most)
    for asked in ({"dimensions": "store"}, {"measures": "unique_customers"}):
        found = ask(report, query_of(*MARCH, **asked), settings)
        assert found.store == store


def test_after_a_question_that_took_too_long_others_can_be_asked(report):
    with fresh_cursor(report) as cr:
        for _number in range(2):
            with pytest.raises(StoreError, match="longer"), postgres.limited(cr, 0.01):
                cr.execute("SELECT pg_sleep(5)")
        with postgres.limited(cr, 5):
            cr.execute("SHOW statement_timeout")
            assert cr.fetchone() == ("5s",)
        cr.execute("SHOW statement_timeout")
        assert cr.fetchone() == ("0",)


@pytest.mark.parametrize("is_cheap", [True, False])
def test_totals_are_of_the_store_that_the_rows_are_of(world, monkeypatch, is_cheap):
    _engine, report, copy = world
    asked = []

    def once(query, *_more):
        asked.append(query)
        return is_cheap if len(asked) == 1 else not is_cheap

    monkeypatch.setattr(answering, "is_cheap_here", once)
    read = []
    monkeypatch.setattr(
        clickhouse,
        "run",
        lambda *given, run=clickhouse.run: read.append(1) or run(*given),
    )
    query = replace(query_of(*MARCH, dimensions="store"), with_totals=True)
    found = ask(report, query, copy.settings)
    assert found.totals
    assert found.store == ("postgresql" if is_cheap else "clickhouse")
    assert len(read) == (0 if is_cheap else 2)


def test_rows_are_read_again_where_clickhouse_goes_before_the_totals(
    world, monkeypatch
):
    _engine, report, copy = world
    query = replace(query_of(*MARCH, dimensions="store"), with_totals=True)
    alone = ask(report, query, Settings())
    databases.execute(report, "UPDATE promotion_order_data SET amount = amount + 1")
    run = clickhouse.run

    def once(*given):
        monkeypatch.setattr(clickhouse, "run", gone)
        return run(*given)

    def gone(*_given):
        raise clickhouse.Away("It went away.")

    monkeypatch.setattr(clickhouse, "run", once)
    found = ask(report, query, copy.settings)
    assert found.store == "postgresql"
    assert found.rows == ask(report, query, Settings()).rows != alone.rows


class TestClickHouseAway:
    def test_postgresql_answers_with_the_same_numbers(self, world, queried):
        _engine, report, copy = world
        expected = ask(report, query_of(*MARCH), copy.settings)
        assert expected.store == "clickhouse"
        for url in (
            f"clickhouse://u:{SECRET}@127.0.0.1:{ports.choose()}/x",
            f"clickhouse://u:{SECRET}@127.0.0.1:nonsense/x",
        ):
            found = ask(report, query_of(*MARCH), Settings(clickhouse_url=url))
            assert found.store == "postgresql"
            assert found.rows == expected.rows

    def test_it_answers_if_the_database_is_not_there(self, world, server):
        _engine, report, copy = world
        expected = ask(report, query_of(*MARCH), copy.settings)
        nowhere = Settings(clickhouse_url=f"{server.url}_no")
        found = ask(report, query_of(*MARCH), nowhere)
        assert (expected.store, found.store) == ("clickhouse", "postgresql")
        assert found.rows == expected.rows

    def test_a_server_that_does_not_answer_is_waited_for_once(
        self, world, silent, caplog
    ):
        _engine, report, _copy = world
        nowhere = Settings(
            clickhouse_url=f"clickhouse://u:{SECRET}@127.0.0.1:{silent}/x"
        )
        started = time.monotonic()
        for _ in range(5):
            assert ask(report, query_of(*MARCH), nowhere).store == "postgresql"
        assert time.monotonic() - started < 4
        assert SECRET not in caplog.text

    @pytest.mark.parametrize(
        "loss",
        [
            "TRUNCATE TABLE push_state",
            "DROP TABLE promotion_order_data",
            "INSERT INTO push_state (epoch, watermark, owner) SELECT epoch + 1,"
            " watermark, owner FROM push_state",
            "INSERT INTO push_state (epoch, watermark, owner) SELECT epoch + 1,"
            " watermark, 'other' FROM push_state",
        ],
    )
    def test_a_copy_that_is_not_the_one_we_left_is_not_asked(self, world, loss):
        _engine, report, copy = world
        expected = ask(report, query_of(*MARCH))
        copy.rows(loss)
        found = ask(report, query_of(*MARCH), copy.settings)
        assert found.store == "postgresql"
        assert found.rows == expected.rows

    def test_a_copied_database_does_not_answer_with_the_originals_numbers(self, world):
        engine, report, copy = world
        with databases.database(databases.REPORT, report) as other:
            expected = ask(other, query_of(*MARCH))
            engine.order("A9", "2017-03-20 12:00Z", lines=3)
            synced(engine.dsn, report)
            pushed(copy, report)
            found = ask(other, query_of(*MARCH), copy.settings)
            assert found.store == "postgresql"
            assert found.rows == expected.rows


class TestVersions:
    def test_older_versions_that_lie_there_are_not_counted(self, world):
        engine, report, copy = world
        for table in ("promotion_order_data", "promotion_performance_data"):
            copy.rows(f"SYSTEM STOP MERGES {table}")
        for store in range(4, 8):
            engine.change("processed_order", "A1", store_id=store)
            engine.order(f"N{store}", "2017-03-10 15:30Z", lines=1, store_id=1)
            synced(engine.dsn, report)
            pushed(copy, report)
        rows = copy.value("SELECT count() FROM promotion_order_data")
        assert rows > copy.value("SELECT count() FROM promotion_order_data FINAL")
        for asked in ({}, {"measures": "total_amount"}, {"grain": "hour"}):
            query = query_of(*MARCH, **asked)
            found = ask(report, query, copy.settings)
            assert found.store == "clickhouse"
            assert found.rows == ask(report, query).rows


class TestWhilePushing:
    def test_a_push_in_the_middle_of_a_query_is_never_half_seen(
        self, world, monkeypatch
    ):
        engine, report, copy = world
        run, calls = clickhouse.run, []

        def push_comes_in_between(*args):
            found = run(*args)
            if not calls:
                engine.order("A9", "2017-03-20 12:00Z", lines=3)
                synced(engine.dsn, report)
                pushed(copy, report)
            calls.append(1)
            return found

        monkeypatch.setattr(clickhouse, "run", push_comes_in_between)
        found = ask(report, query_of(*MARCH), copy.settings)
        assert len(calls) == 2
        monkeypatch.undo()
        assert found.rows == ask(report, query_of(*MARCH)).rows

    def test_where_pushes_never_end_postgresql_answers(self, world, monkeypatch):
        _engine, report, copy = world
        run = clickhouse.run

        def another_push(*args):
            found = run(*args)
            pushing.rebuild(copy.settings, report)
            return found

        monkeypatch.setattr(clickhouse, "run", another_push)
        assert ask(report, query_of(*MARCH), copy.settings).store == "postgresql"

    def test_while_a_push_runs_postgresql_answers(self, world, queried):
        _engine, report, copy = world
        databases.execute(
            report, "UPDATE loyalty_reporting_clickhouse SET pushing = true"
        )
        found = ask(report, query_of(*MARCH), copy.settings)
        assert found.store == "postgresql"
        assert queried == ["postgresql"]

    def test_a_program_newer_than_the_callers_snapshot_has_a_name(self, world):
        engine, report, copy = world
        with (
            closing(connect(report, readonly=True)) as caller,
            caller.cursor() as cursor,
        ):
            cursor.execute("SELECT 1")
            engine.order("A9", "2017-03-20 12:00Z", lines=0)
            engine.line("A9", program_id=77)
            synced(engine.dsn, report)
            pushed(copy, report)
            found = answering.answer(
                query_of(*MARCH), cursor, copy.settings, lambda: fresh_cursor(report)
            )
        assert {row["program_id"] for row in found.rows} == {1, 2, 3, 77}

    def test_a_load_in_the_middle_is_not_remembered_as_the_one_before(
        self, world, options, monkeypatch
    ):
        engine, report, _copy = world
        options = replace(options, clickhouse_url="")
        run = postgres.run

        def load_comes_in_between(*args):
            engine.order("A9", "2017-03-20 12:00Z", lines=3)
            synced(engine.dsn, report)
            return run(*args)

        monkeypatch.setattr(postgres, "run", load_comes_in_between)
        ask(report, query_of(*MARCH), options)
        monkeypatch.undo()
        expected = ask(report, query_of(*MARCH)).rows
        assert ask(report, query_of(*MARCH), options).rows == expected


def test_the_data_is_as_old_as_the_older_of_the_two(world):
    _engine, report, copy = world
    for moment, column in (("2020-01-01", "pushed_at"), ("2019-01-01", "saved_at")):
        table = {"pushed_at": "clickhouse", "saved_at": "cursor"}[column]
        databases.execute(
            report, f"UPDATE loyalty_reporting_{table} SET {column} = '{moment}'"
        )
        found = ask(report, query_of(*MARCH), copy.settings)
        assert found.as_of.date() == date.fromisoformat(moment)
