"""The live replay with a real database and a real stream."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import databases
import psycopg2
import pytest
import simplejson
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from dev.reference_engine.replay import Delivery, Rates, replay
from dev.reference_engine.replay.database import EngineDatabase
from dev.reference_engine.replay.rows import COLUMNS, PARTS, Change, Step, new_row
from dev.reference_engine.replay.stream import Stream

ROOT = Path(__file__).parents[2]
REDIS = "LR_REDIS_URL"
NOWHERE = "redis://127.0.0.1:1/0"
ORDERS = 150
RATES = Rates(
    late=0.1,
    refunds=0.15,
    voids=0.1,
    corrections=0.2,
    rejected=0.2,
    abandoned=0.1,
    adjustments=0.1,
    campaigns=0.05,
)
TABLES = {
    "engine.membership.changed.v1": "membership_event",
    "engine.points.changed.v1": "point_transaction",
    "engine.program.changed.v1": "program",
}
ORDER = "engine.order.processed.v1"
MINE = {
    "membership_event": "partner_id >= 9000000",
    "point_transaction": "partner_id >= 9000000 AND order_id IS NULL",
    "program": "id > 2000",
}
HISTORY = {
    "processed_order": "ordered_at < '2018-01-02Z'",
    "order_promotion_line": "order_id !~ '^live-'",
    "promotion_evaluation": "evaluated_at < '2018-01-02Z'",
    "membership_event": "occurred_at < '2018-01-02Z'",
    "point_transaction": "occurred_at < '2018-01-02Z'",
    "point_card": "partner_id < 9000000",
    "program": "id < 2000",
    "membership_product": "true",
}


def quiet(_line):
    """Keep what the replay says out of the test's output."""


@pytest.fixture
def redis_url():
    """URL of the test's Redis."""
    url = os.environ.get(REDIS)
    if not url:
        pytest.skip(f"{REDIS}: no URL of a Redis")
    return url


@pytest.fixture
def stream(redis_url):
    """Name of a stream of the test's own."""
    name = f"engine.events.{uuid.uuid4().hex[:12]}"
    yield name
    with Redis.from_url(redis_url) as redis:
        redis.delete(name)


@pytest.fixture
def play(households, redis_url, stream):
    """Function (**options): replay on an engine with few households, at full speed."""

    def run(orders=ORDERS, seed=1, rates=RATES, **delivery):
        chosen = Delivery(**{"speed": 0, "stream": stream, **delivery})
        return replay(
            households.dsn,
            redis_url,
            seed=seed,
            orders=orders,
            rates=rates,
            delivery=chosen,
            say=quiet,
        )

    return run


@pytest.fixture
def events(redis_url, stream):
    """Function: all events of the stream, in its order."""

    def read():
        with Redis.from_url(redis_url, decode_responses=True) as redis:
            entries = redis.xrange(stream)
        return [
            simplejson.loads(fields["event"], use_decimal=True)
            for _id, fields in entries
        ]

    return read


class TestBothSides:
    def test_the_stream_says_in_the_end_what_the_database_says(
        self, households, play, events
    ):
        play()
        told = {(event["type"], event["subject"]): event["data"] for event in events()}
        assert {kind for kind, _key in told} == {*TABLES, ORDER}
        assert told == documents_in(households.dsn)

    def test_a_wrong_cent_in_the_database_would_be_seen(self, households, play, events):
        play(orders=10)
        told = {(event["type"], event["subject"]): event["data"] for event in events()}
        households.run(
            "UPDATE engine.order_promotion_line SET amount = amount + 0.01"
            " WHERE id = (SELECT max(id) FROM engine.order_promotion_line)"
        )
        assert told != documents_in(households.dsn)

    def test_with_disorder_the_highest_versions_say_it(self, households, play, events):
        play(disorder=30, duplicates=0.1)
        highest = {}
        for event in events():
            key, version = (event["type"], event["subject"]), version_of(event["data"])
            if version >= version_of(highest.get(key, event["data"])):
                highest[key] = event["data"]
        assert highest == documents_in(households.dsn)

    def test_duplicates_carry_the_same_id_or_the_same_document(self, play, events):
        done = play(duplicates=0.3)
        found = events()
        ids = Counter(event["id"] for event in found)
        contents = Counter(json.dumps(event["data"], default=str) for event in found)
        assert done.events == len(found) and done.again > 0.2 * len(contents)
        assert len(found) - len(contents) == done.again
        assert 0 < len(found) - len(ids) < done.again
        by_id = {event["id"]: event for event in found}
        assert all(by_id[event["id"]] == event for event in found)

    def test_a_void_takes_its_points_out_of_the_database(self, households, play):
        done = play()
        left = "SELECT count(*) FROM engine.point_transaction AS p JOIN"
        assert done.written["void"] > 0
        assert databases.rows(
            households.dsn,
            f"{left} engine.processed_order AS o ON o.id = p.order_id"
            " WHERE o.state = 'void'",
        ) == [(0,)]


class TestHistory:
    def test_nothing_before_2018_changes(self, households, play):
        before = history(households.dsn)
        play()
        assert history(households.dsn) == before
        oldest = databases.value(
            households.dsn,
            "SELECT min(ordered_at) > now() - interval '61 days'"
            " FROM engine.processed_order WHERE id ~ '^live-'",
        )
        assert oldest

    def test_baskets_are_those_of_the_history(self, households, play):
        play(rates=Rates())
        [(live, known)] = databases.rows(
            households.dsn,
            "SELECT count(*), count(*) FILTER (WHERE EXISTS ("
            " SELECT FROM engine.processed_order AS old WHERE old.id !~ '^live-'"
            " AND (old.store_id, old.amount_total) = (new.store_id, new.amount_total)))"
            " FROM engine.processed_order AS new WHERE new.id ~ '^live-'",
        )
        assert (live, known) == (ORDERS, ORDERS)


class TestStartingAgain:
    def test_a_second_replay_goes_on_with_fresh_ids(self, households, play, events):
        play()
        first = live_ids(households.dsn)
        play()
        second = live_ids(households.dsn)
        for table, ids in first.items():
            new = second[table] - ids
            assert ids <= second[table] and min(new) > max(ids), table
        found = [event["id"] for event in events()]
        assert len(found) == len(set(found))

    def test_a_number_that_was_deleted_is_not_given_again(self, households, play):
        play(orders=5, rates=Rates())
        highest = "SELECT max(id) FROM engine.point_transaction"
        gone = databases.value(households.dsn, highest)
        households.run("DELETE FROM engine.point_transaction WHERE id = %s", [gone])
        play(orders=5, rates=Rates())
        given = "SELECT count(*) FROM engine.point_transaction WHERE id = %s"
        assert databases.value(households.dsn, given, [gone]) == 0

    def test_two_replays_at_once_are_refused(self, households, play):
        first = EngineDatabase(households.dsn, quiet, lambda: False)
        first.open()
        with pytest.raises(psycopg2.OperationalError, match="another replay"):
            play(orders=1)
        first.close()

    def test_an_empty_database_gets_a_compact_history(self, redis_url, stream):
        with databases.database(databases.ENGINE) as dsn:
            chosen = Delivery(speed=0, stream=stream)
            replay(dsn, redis_url, orders=3, delivery=chosen, say=quiet)
            counted = "SELECT count(*) FROM engine.processed_order WHERE id {} '^live-'"
            assert databases.value(dsn, counted.format("!~")) > 1000
            assert databases.value(dsn, counted.format("~")) == 3

    def test_an_engine_without_a_history_sells_made_up_baskets(
        self, engine, redis_url, stream
    ):
        chosen = Delivery(speed=0, stream=stream)
        done = replay(
            engine.dsn, redis_url, orders=20, rates=RATES, delivery=chosen, say=quiet
        )
        assert done.written["sale"] == 20


class TestTheCommand:
    def test_sigterm_ends_it_after_the_running_document(
        self, households, redis_url, stream, events
    ):
        with command(households.dsn, redis_url, stream, "--speed", "50") as process:
            await_events(events, 20)
            process.send_signal(signal.SIGTERM)
            said, problems = process.communicate(timeout=20)
        assert (process.returncode, problems) == (0, "")
        assert "ended" in said and "0 waiting" in said
        told = {event["subject"] for event in events() if "order" in event["data"]}
        assert told == {key for (key,) in databases.rows(households.dsn, LIVE_ORDERS)}

    def test_a_broken_connection_is_made_again_and_told_once(
        self, households, redis_url, stream, events
    ):
        with command(households.dsn, redis_url, stream, "--speed", "50") as process:
            await_events(events, 20)
            ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            databases.value(
                households.dsn,
                f"{ended} WHERE datname = current_database() AND pid"
                " <> pg_backend_pid()",
            )
            await_events(events, len(events()) + 30)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert said.count("PostgreSQL is away") == said.count("PostgreSQL is back") == 1
        told = {event["subject"] for event in events() if "order" in event["data"]}
        assert told == {key for (key,) in databases.rows(households.dsn, LIVE_ORDERS)}

    def test_a_server_that_is_away_at_the_start_is_told_in_one_line(
        self, households, stream
    ):
        with command(households.dsn, NOWHERE, stream) as process:
            _, problems = process.communicate(timeout=20)
        assert process.returncode == 1
        assert problems.startswith("live replay: ") and problems.count("\n") == 1


class TestAwayServers:
    def test_a_step_whose_commit_was_not_answered_is_not_written_twice(
        self, households
    ):
        row = new_row("program", id=5001, name="New")
        step = Step("program", None, (Change("insert", "program", row),))
        raised = Step("program", None, (Change("update", "program", row),))
        said = []
        database = EngineDatabase(households.dsn, said.append, lambda: False)
        database.open()
        for what in (step, raised):
            database._connection = Unanswered(database._connection)
            database.write(what)
        database.close()
        version = "SELECT version FROM engine.program WHERE id = 5001"
        assert databases.value(households.dsn, version) == 2
        assert len(said) == 4

    def test_what_a_server_lost_as_it_died_counts_as_not_written(self, households):
        database = EngineDatabase(households.dsn, print, lambda: False)
        database.open()
        unknown = str(2**40)
        assert not database._is_committed(unknown)
        database.close()

    def test_events_wait_while_redis_is_away(self, redis_url, stream, events):
        said = []
        sender = Stream(redis_url, Delivery(stream=stream), said.append)
        add, away = sender._add, [True]

        def refuse(waiting):
            if away:
                raise RedisAway("no route")
            add(waiting)

        sender._add = refuse
        for number in range(3):
            sender.send(json.dumps({"id": number}))
        assert (len(sender), events()) == (3, [])
        away.clear()
        assert sender.close() == 0
        assert [event["id"] for event in events()] == [0, 1, 2]
        assert len(said) == 2


class Unanswered:
    """A connection that breaks after a commit, before the answer comes."""

    def __init__(self, connection):
        self._connection = connection

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def commit(self):
        self._connection.commit()
        raise psycopg2.OperationalError("the server is gone")


LIVE_ORDERS = "SELECT id FROM engine.processed_order WHERE id ~ '^live-'"


@contextmanager
def command(dsn, redis_url, stream, *options):
    """The running command, its URLs in variables; killed if it still runs at the end."""
    words = [sys.executable, "-m", "dev.reference_engine", "replay", "--stream", stream]
    process = subprocess.Popen(
        [*words, "--seed", "3", *options],
        cwd=ROOT,
        env={**os.environ, "ENGINE_PG_DSN": dsn, "REDIS_URL": redis_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_events(events, number):
    """Wait until the stream has so many events."""
    until = time.monotonic() + 30
    while len(events()) < number:
        assert time.monotonic() < until, "no events come"
        time.sleep(0.05)


def version_of(data):
    """The version of an event's document."""
    return data.get("order", data)["version"]


def documents_in(dsn):
    """{(type, key): document} of all that the live replay must have told."""
    found = {
        (kind, str(row["id"])): row
        for kind, table in TABLES.items()
        for row in as_sent(dsn, table, MINE[table])
    }
    orders = {
        row["id"]: {"order": row, **{part: [] for part in PARTS}}
        for row in as_sent(dsn, "processed_order", "id ~ '^live-'")
    }
    for part, table in PARTS.items():
        for row in as_sent(dsn, table, "order_id ~ '^live-'"):
            # Abandoned baskets are no documents.
            if row["order_id"] in orders:
                orders[row["order_id"]][part].append(row)
    return {**found, **{(ORDER, key): data for key, data in orders.items()}}


def as_sent(dsn, table, condition):
    """Rows in the form of an event: exact numbers, instants with a Z."""
    names = f"{COLUMNS[table].replace(' ', ', ')}, version"
    found = databases.dicts(
        dsn, f"SELECT {names} FROM engine.{table} WHERE {condition} ORDER BY id"
    )
    return [{name: plain(value) for name, value in row.items()} for row in found]


def plain(value):
    if value is None or isinstance(value, (Decimal, bool, int, str)):
        return value
    return value.isoformat().replace("+00:00", "Z")


def history(dsn):
    """A digest per table of all that is not the live replay's."""
    return {
        table: databases.rows(
            dsn,
            "SELECT count(*), sum(hashtextextended(t::text, 0))"
            f" FROM engine.{table} AS t WHERE {condition}",
        )
        for table, condition in HISTORY.items()
    }


def live_ids(dsn):
    """{table: numbers given by the live replay}; of orders, what follows `live-`."""
    [*orders] = databases.rows(dsn, LIVE_ORDERS)
    numbered = {
        "order_promotion_line": "order_id ~ '^live-'",
        "promotion_evaluation": "order_id ~ '^live-'",
        "membership_event": "partner_id >= 9000000",
        "point_transaction": "partner_id >= 9000000",
        "point_card": "partner_id >= 9000000",
        "program": "id > 2000",
    }
    found = {
        table: {
            key
            for (key,) in databases.rows(
                dsn, f"SELECT id FROM engine.{table} WHERE {condition}"
            )
        }
        for table, condition in numbered.items()
    }
    return {**found, "processed_order": {int(key[5:]) for (key,) in orders}}
