"""Where an answer comes from: cache, ClickHouse, PostgreSQL; and never half a push."""

import os
import socket
import time
from contextlib import closing
from dataclasses import replace
from datetime import date

import databases
import pytest
from asking import ask, query_of
from pipeline import NEW_YORK
from store_fixtures import PASSWORD, REDIS, fresh_cursor, pushed, synced

from core.database import connect
from core.queries import answer as answering
from core.queries import cache, clickhouse, postgres
from core.queries.pause import Pause
from core.settings import Settings
from core.stores import push as pushing
from dev import ports

pytest_plugins = ["store_fixtures"]

MARCH = (date(2017, 3, 1), date(2017, 3, 31))


@pytest.fixture
def redis_url():
    """URL of a Redis."""
    return os.environ.get(REDIS) or pytest.skip(f"{REDIS}: no URL of a Redis server")


@pytest.fixture
def silent():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def nothing_is_paused(monkeypatch):
    """Services that were away in another test are asked again."""
    monkeypatch.setattr(cache, "_pause", Pause())
    monkeypatch.setattr(answering, "_pause", Pause())


@pytest.fixture
def queried(monkeypatch):
    """List of the stores that were really queried."""
    stores = []
    for dialect in (postgres, clickhouse):

        def run(*args, _run=dialect.run, _store=dialect.STORE, **options):
            stores.append(_store)
            return _run(*args, **options)

        monkeypatch.setattr(dialect, "run", run)
    return stores


@pytest.fixture
def world(shop, report, copy):
    """(engine, report, copy): small, synced and pushed."""
    synced(shop.dsn, report)
    pushed(copy, report)
    return shop, report, copy


@pytest.fixture(params=["postgresql", "clickhouse"])
def options(request, world, redis_url):
    """Settings with a cache, without and with ClickHouse."""
    _engine, _report, copy = world
    with_cache = replace(copy.settings, redis_url=redis_url, cache_ttl=60)
    if request.param == "clickhouse":
        return with_cache
    return replace(with_cache, clickhouse_url="")


class TestCache:
    def test_the_second_answer_is_equal_and_comes_from_the_cache(
        self, world, options, queried
    ):
        _engine, report, _copy = world
        first = ask(report, query_of(*MARCH), options)
        assert first.rows
        assert len(queried) == 1
        again = ask(report, query_of(*MARCH), options)
        assert len(queried) == 1
        assert again == first
        assert [*map(repr, again.rows)] == [*map(repr, first.rows)]

    @pytest.mark.parametrize(
        "asked",
        [
            {"grain": "month"},
            {"measures": "total_amount"},
            {"program_id": "1"},
            {"store_id": "1"},
            {"channel": "pos"},
            {"page": "2", "per_page": "100"},
            {"page": "1", "per_page": "2"},
            {"company": replace(NEW_YORK, id=2)},
            {"company": replace(NEW_YORK, digits=0)},
        ],
    )
    def test_another_question_has_another_answer(self, world, options, queried, asked):
        _engine, report, _copy = world
        ask(report, query_of(*MARCH), options)
        ask(report, query_of(*MARCH, **asked), options)
        assert len(queried) == 2

    def test_a_load_makes_it_unreachable(self, world, options, queried):
        engine, report, copy = world
        before = ask(report, query_of(*MARCH), options)
        engine.order("A9", "2017-03-20 12:00Z", lines=3)
        synced(engine.dsn, report)
        pushed(copy, report)
        after = ask(report, query_of(*MARCH), options)
        assert len(queried) == 2
        assert after.total == before.total + 3

    def test_a_renaming_shows_at_once(self, world, options, queried):
        engine, report, _copy = world
        ask(report, query_of(*MARCH), options)
        engine.change("program", 1, name="Winter")
        synced(engine.dsn, report)
        names = {row["program_name"] for row in ask(report, query_of(*MARCH), options).rows}
        assert "Winter" in names
        assert "Summer" not in names

    def test_another_database_cannot_get_it(self, world, options, queried):
        _engine, report, _copy = world
        ask(report, query_of(*MARCH), options)
        with databases.database(databases.REPORT, report) as other:
            ask(other, query_of(*MARCH), options)
        assert len(queried) >= 2

    def test_a_database_made_anew_under_the_same_name_cannot_get_it(
        self, world, options, queried
    ):
        _engine, report, _copy = world
        state = "SELECT * FROM fact_load, loyalty_reporting_clickhouse"
        with databases.database(databases.REPORT, report) as twin:
            ask(twin, query_of(*MARCH), replace(options, clickhouse_url=""))
            kept = databases.rows(twin, state)
            name = databases.name_in(twin)
            databases.drop(databases.REPORT, name)
            databases.administer(
                databases.REPORT,
                f'CREATE DATABASE "{name}" TEMPLATE "{databases.name_in(report)}"',
            )
            assert databases.rows(twin, state) == kept
            ask(twin, query_of(*MARCH), replace(options, clickhouse_url=""))
        assert len(queried) == 2

    @pytest.mark.parametrize(
        "url",
        [
            f"redis://:{PASSWORD}@127.0.0.1:{{closed}}/0",
            f"redis://:{PASSWORD}@127.0.0.1:{{silent}}/0",
            f"redis://:{PASSWORD}@nowhere.invalid/0",
            f"nonsense {PASSWORD}",
            "{redis_without_password}",
        ],
    )
    def test_a_redis_that_is_away_or_wrong_costs_little(
        self, world, url, redis_url, silent, caplog
    ):
        _engine, report, copy = world
        fake = redis_url.replace(redis_url.split("@")[0], f"redis://:{PASSWORD}")
        url = url.format(
            closed=ports.choose(), silent=silent, redis_without_password=fake
        )
        expected = ask(report, query_of(*MARCH), copy.settings)
        started = time.monotonic()
        found = ask(report, query_of(*MARCH), replace(copy.settings, redis_url=url))
        assert time.monotonic() - started < 2.5
        assert found == expected
        assert "Redis cannot be used" in caplog.text
        assert PASSWORD not in caplog.text
        started = time.monotonic()
        ask(report, query_of(*MARCH), replace(copy.settings, redis_url=url))
        assert time.monotonic() - started < 0.5

    def test_nonsense_in_the_cache_is_no_answer(self, world, options):
        _engine, report, _copy = world
        expected = ask(report, query_of(*MARCH), options)
        redis = cache._client(options.redis_url)
        for key in redis.scan_iter("loyalty_reporting:*"):
            redis.set(key, b"{\xff broken", ex=5)
        assert ask(report, query_of(*MARCH), options).rows == expected.rows


class TestClickHouseAway:
    def test_postgresql_answers_with_the_same_numbers(self, world, queried):
        _engine, report, copy = world
        expected = ask(report, query_of(*MARCH), copy.settings)
        assert expected.store == "clickhouse"
        for url in (
            f"clickhouse://u:{PASSWORD}@127.0.0.1:{ports.choose()}/x",
            copy.url.replace("/lr_", "/no_"),
            f"clickhouse://u:{PASSWORD}@127.0.0.1:nonsense/x",
        ):
            found = ask(report, query_of(*MARCH), Settings(clickhouse_url=url))
            assert found.store == "postgresql"
            assert found.rows == expected.rows

    def test_a_server_that_does_not_answer_is_waited_for_once(
        self, world, silent, caplog
    ):
        _engine, report, _copy = world
        nowhere = Settings(clickhouse_url=f"clickhouse://u:{PASSWORD}@127.0.0.1:{silent}/x")
        started = time.monotonic()
        for _ in range(5):
            assert ask(report, query_of(*MARCH), nowhere).store == "postgresql"
        assert time.monotonic() - started < 4
        assert PASSWORD not in caplog.text

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
        with closing(connect(report, readonly=True)) as caller, caller.cursor() as cursor:
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

