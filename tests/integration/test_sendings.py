"""Planning and taking what is mailed: several runs at once, and runs that are killed."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from threading import Barrier

import databases
import psycopg2
import pytest
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

from core.exports.sendings import MOST_ATTEMPTS, Sendings

NOW = datetime(2024, 3, 1, 10, 0)
RUNS = 6
# The columns that a run uses; Odoo's own tests run the same statements on its tables.
_TABLES = """
    CREATE TABLE loyalty_reporting_subscription (
        id serial PRIMARY KEY, expression varchar, tz varchar, user_id integer,
        company_id integer, next_at timestamp, state varchar DEFAULT 'running',
        active boolean DEFAULT true);
    CREATE TABLE loyalty_reporting_sending (
        id serial PRIMARY KEY, subscription_id integer, user_id integer,
        company_id integer, due_at timestamp, next_try_at timestamp,
        started_at timestamp, state varchar, attempts integer DEFAULT 0,
        create_date timestamp, write_date timestamp,
        UNIQUE (subscription_id, due_at))"""


@pytest.fixture
def mailing(report):
    """A database with the tables of what is mailed."""
    databases.execute(report, _TABLES)
    return report


@contextmanager
def transaction(dsn):
    """A transaction as Odoo has them, committed at the end."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.set_session(ISOLATION_LEVEL_REPEATABLE_READ)
        with connection, connection.cursor() as cursor:
            yield cursor


def sendings(dsn, now=NOW):
    return Sendings(lambda: transaction(dsn), lambda: now)


def subscribe(dsn, next_at=NOW, expression="0 10 * * *", **values):
    values = {"tz": "UTC", "user_id": 1, "company_id": 1, **values}
    values |= {"next_at": next_at, "expression": expression}
    databases.execute(
        dsn,
        f"INSERT INTO loyalty_reporting_subscription ({', '.join(values)})"
        f" VALUES ({', '.join(['%s'] * len(values))})",
        [*values.values()],
    )


def planned(dsn):
    query = (
        "SELECT subscription_id, due_at FROM loyalty_reporting_sending ORDER BY 1, 2"
    )
    return databases.rows(dsn, query)


def next_times(dsn):
    query = "SELECT next_at FROM loyalty_reporting_subscription ORDER BY id"
    return [at for (at,) in databases.rows(dsn, query)]


def test_what_is_due_is_planned_and_due_again_later(mailing):
    subscribe(mailing)
    subscribe(mailing, NOW + timedelta(minutes=1))
    subscribe(mailing, state="paused")
    subscribe(mailing, active=False)
    sendings(mailing).plan()
    assert planned(mailing) == [(1, NOW)]
    assert next_times(mailing)[0] == NOW + timedelta(days=1)
    sendings(mailing).plan()
    assert len(planned(mailing)) == 1


def test_what_was_missed_ten_times_is_planned_once(mailing):
    subscribe(mailing, NOW - timedelta(days=10))
    sendings(mailing, NOW + timedelta(minutes=5)).plan()
    assert planned(mailing) == [(1, NOW - timedelta(days=10))]
    assert next_times(mailing) == [NOW + timedelta(days=1)]


def test_the_last_time_pauses(mailing):
    subscribe(mailing, expression="0 10 30 2 *")
    subscribe(mailing)
    sendings(mailing).plan()
    assert next_times(mailing) == [None, NOW + timedelta(days=1)]
    query = "SELECT state FROM loyalty_reporting_subscription ORDER BY id"
    assert databases.rows(mailing, query) == [("paused",), ("running",)]


def test_several_runs_at_once_plan_each_once(mailing):
    for _number in range(20):
        subscribe(mailing)
    together = Barrier(RUNS)

    def run(_number):
        together.wait()
        sendings(mailing).plan()

    with ThreadPoolExecutor(RUNS) as pool:
        [*pool.map(run, range(RUNS))]
    sendings(mailing).plan()
    assert planned(mailing) == [(number, NOW) for number in range(1, 21)]


def test_several_runs_at_once_take_each_once(mailing):
    for _number in range(20):
        subscribe(mailing)
    sendings(mailing).plan()
    together = Barrier(RUNS)

    def run(_number):
        mine = []
        together.wait()
        while True:
            with sendings(mailing).taken() as taken:
                if taken is None:
                    return mine
                mine.append(taken.id)
                databases.execute(
                    mailing,
                    "UPDATE loyalty_reporting_sending SET state = 'done' WHERE id = %s",
                    [taken.id],
                )

    with ThreadPoolExecutor(RUNS) as pool:
        found = sum(pool.map(run, range(RUNS)), [])
    assert len(found) == len({*found})
    query = "SELECT count(*) FROM loyalty_reporting_sending WHERE state <> 'done'"
    # Who looked while another held the last one found nothing and left it to them.
    assert databases.value(mailing, query) == 0


def test_nobody_else_takes_what_is_taken(mailing):
    subscribe(mailing)
    sendings(mailing).plan()
    with sendings(mailing).taken() as first:
        assert first.attempt == 1
        with sendings(mailing).taken() as second:
            assert second is None


def test_who_is_killed_leaves_it_to_the_next_and_others_come_first(mailing):
    subscribe(mailing)
    subscribe(mailing)
    sendings(mailing).plan()
    killed = os.fork()
    if not killed:
        with sendings(mailing).taken():
            os.kill(os.getpid(), signal.SIGKILL)
    _pid, status = os.waitpid(killed, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    with sendings(mailing).taken() as other, sendings(mailing).taken() as again:
        assert (other.id, other.attempt) == (2, 1)
        assert (again.id, again.attempt) == (1, 2)
        assert not again.is_last
    with sendings(mailing).taken(), sendings(mailing).taken() as last:
        assert last.attempt == MOST_ATTEMPTS
        assert last.is_last


def test_a_clock_that_was_set_is_followed(mailing):
    """Half past two is not there on 31 March in Berlin, and comes twice on 27 October."""
    subscribe(mailing, datetime(2024, 3, 30, 1, 30), "30 2 * * *", tz="Europe/Berlin")
    for day in (30, 31):
        sendings(mailing, datetime(2024, 3, day, 1, 30)).plan()
    assert next_times(mailing) == [datetime(2024, 4, 1, 0, 30)]
    databases.execute(
        mailing,
        "UPDATE loyalty_reporting_subscription SET next_at = '2024-10-27 00:30'",
    )
    sendings(mailing, datetime(2024, 10, 27, 0, 30)).plan()
    assert next_times(mailing) == [datetime(2024, 10, 28, 1, 30)]
