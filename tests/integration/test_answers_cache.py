"""Answers from the cache: the same ones, and never those of other data."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from unittest.mock import patch

import databases
import psycopg2
import pytest
from asking import ask, asked_of, query_of
from copies import SECRET, pushed, synced
from pipeline import NEW_YORK

from core.errors import StoreError
from core.queries import REPORTS, cache, clickhouse, postgres
from core.settings import Settings
from core.stores import renamings
from dev import ports

pytest_plugins = ["store_fixtures", "answer_fixtures"]

FEBRUARY = (date(2017, 2, 1), date(2017, 2, 28))
MARCH = (date(2017, 3, 1), date(2017, 3, 31))
APRIL = (date(2017, 4, 1), date(2017, 4, 30))
# What may happen at the engine: functions of it, a day and an instant of that day.
CHANGES = {
    "an order": lambda e, day, at: e.order(f"A {day}", at, lines=3),
    "an abandoned basket": lambda e, day, at: e.evaluation(day, evaluated_at=at),
    "an order of nobody": lambda e, day, at: e.order(f"A {day}", at, partner_id=None),
    "a refund": lambda e, day, at: e.order(
        f"A {day}", at, state="refund", refund_of="A1"
    ),
    "points": lambda e, _day, at: e.points(5, card_id=2, partner_id=8, occurred_at=at),
    "a level": lambda e, _day, at: e.membership("upgrade", 3, at),
    "an order that goes": lambda e, _day, _at: e.run(
        "DELETE FROM engine.processed_order WHERE id = 'A1'"
    ),
    "an order that moves": lambda e, _day, at: e.change(
        "processed_order", "A1", ordered_at=at
    ),
}


@pytest.fixture
def slow_stores(monkeypatch):
    """Function (seconds): from now on every store takes so long."""

    def slow(seconds):
        for dialect in (postgres, clickhouse):

            def run(*args, _run=dialect.run, **named):
                time.sleep(seconds)
                return _run(*args, **named)

            monkeypatch.setattr(dialect, "run", run)

    return slow


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
            {"sort": "-total_amount"},
            {"compare": "previous_period"},
            {"cursor": "", "per_page": "100"},
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

    def test_what_is_loaded_of_later_months_leaves_it(self, world, options, queried):
        engine, report, _copy = world
        before = ask(report, query_of(*MARCH), options)
        engine.order("A9", "2017-04-20 12:00Z", lines=3)
        synced(engine.dsn, report)
        after = ask(report, query_of(*MARCH), options)
        assert replace(after, as_of=before.as_of) == before
        assert len(queried) == 1
        ask(report, query_of(*APRIL), options)
        assert len(queried) == 2

    def test_a_load_that_does_not_say_what_it_changed_makes_it_unreachable(
        self, world, options, queried
    ):
        _engine, report, _copy = world
        ask(report, query_of(*MARCH), options)
        databases.execute(report, "UPDATE fact_load SET load_id = load_id + 1")
        ask(report, query_of(*MARCH), options)
        assert len(queried) == 2

    @pytest.mark.parametrize("change", CHANGES.values(), ids=[*CHANGES])
    def test_after_a_change_it_is_what_is_computed_anew(self, world, redis_url, change):
        engine, report, _copy = world
        remembered = Settings(redis_url=redis_url, cache_ttl=60)
        questions = [
            asked_of(slug, *period)
            for slug in REPORTS
            for period in (FEBRUARY, MARCH, APRIL)
        ]
        for day in ("2017-04-10", "2017-03-31", "2017-02-10"):
            for query in questions:
                ask(report, query, remembered)
            change(engine, day, f"{day} 23:30:00-05:00")
            synced(engine.dsn, report)
            for query in questions:
                known, found = (ask(report, query, s) for s in (remembered, None))
                assert (known.rows, known.total) == (found.rows, found.total)

    def test_a_renaming_shows_at_once(self, world, options, queried):
        engine, report, _copy = world
        ask(report, query_of(*MARCH), options)
        engine.change("program", 1, name="Winter")
        synced(engine.dsn, report)
        names = {
            row["program_name"] for row in ask(report, query_of(*MARCH), options).rows
        }
        assert "Winter" in names
        assert "Summer" not in names

    def test_adding_up_old_renamings_changes_no_version(self, world, options, queried):
        engine, report, _copy = world
        for name in ("Winter", "Autumn"):
            engine.change("program", 1, name=name)
            synced(engine.dsn, report)
        older = "UPDATE loyalty_reporting_renaming SET at = at - interval '2 days'"
        databases.execute(report, older)
        ask(report, query_of(*MARCH), options)
        for _day in range(2):
            with closing(psycopg2.connect(report)) as connection, connection:
                renamings.add_up(connection.cursor())
        rows = "SELECT count(*) FROM loyalty_reporting_renaming"
        assert databases.value(report, rows) == 1
        ask(report, query_of(*MARCH), options)
        assert len(queried) == 1
        engine.change("program", 1, name="Spring")
        synced(engine.dsn, report)
        ask(report, query_of(*MARCH), options)
        assert len(queried) == 2

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
            f"redis://:{SECRET}@127.0.0.1:{{closed}}/0",
            f"redis://:{SECRET}@127.0.0.1:{{silent}}/0",
            f"redis://:{SECRET}@nowhere.invalid/0",
            f"nonsense {SECRET}",
            "{redis_without_password}",
        ],
    )
    def test_a_redis_that_is_away_or_wrong_costs_little(
        self, world, url, redis_url, silent, caplog
    ):
        _engine, report, copy = world
        fake = redis_url.replace(redis_url.split("@")[0], f"redis://:{SECRET}")
        url = url.format(
            closed=ports.choose(), silent=silent, redis_without_password=fake
        )
        expected = ask(report, query_of(*MARCH), copy.settings)
        started = time.monotonic()
        found = ask(report, query_of(*MARCH), replace(copy.settings, redis_url=url))
        assert time.monotonic() - started < 10
        assert found == expected
        assert "Redis cannot be used" in caplog.text
        assert SECRET not in caplog.text
        # For a while it is not even tried.
        with patch.object(cache, "_client") as tried:
            ask(report, query_of(*MARCH), replace(copy.settings, redis_url=url))
        assert not tried.called

    def test_of_many_who_ask_at_once_one_asks_the_store(
        self, world, options, queried, slow_stores
    ):
        _engine, report, _copy = world
        slow_stores(0.3)
        with ThreadPoolExecutor(8) as many:
            answers = [
                *many.map(lambda _: ask(report, query_of(*MARCH), options), range(8))
            ]
        assert len(queried) == 1
        assert all(answer == answers[0] for answer in answers)
        assert answers[0].rows

    def test_who_looked_before_the_first_one_was_through_takes_its_answer(
        self, world, options, queried, monkeypatch
    ):
        _engine, report, _copy = world
        is_first = cache.Cache._is_first

        def late(*arguments):
            monkeypatch.setattr(cache.Cache, "_is_first", is_first)
            ask(report, query_of(*MARCH), options)
            return is_first(*arguments)

        monkeypatch.setattr(cache.Cache, "_is_first", late)
        assert ask(report, query_of(*MARCH), options).rows
        assert len(queried) == 1

    def test_when_the_one_who_asks_fails_the_others_ask_for_themselves(
        self, world, options, monkeypatch, slow_stores
    ):
        _engine, report, _copy = world
        slow_stores(0.2)
        calls = []

        def run(*args, _run=postgres.run, **named):
            calls.append(args)
            found = _run(*args, **named)
            if len(calls) == 1:
                raise StoreError("The first one fails.")
            return found

        monkeypatch.setattr(postgres, "run", run)
        bare = replace(options, clickhouse_url="")

        def asked(_number):
            try:
                return ask(report, query_of(*MARCH), bare).rows
            except StoreError:
                return None

        with ThreadPoolExecutor(4) as many:
            found = [*many.map(asked, range(4))]
        assert found.count(None) == 1
        assert len(calls) <= 4

    def test_nonsense_in_the_cache_is_no_answer(self, world, options):
        _engine, report, _copy = world
        expected = ask(report, query_of(*MARCH), options)
        redis = cache._client(options.redis_url)
        for key in redis.scan_iter("loyalty_reporting:*"):
            redis.set(key, b"{\xff broken", ex=5)
        assert ask(report, query_of(*MARCH), options).rows == expected.rows
