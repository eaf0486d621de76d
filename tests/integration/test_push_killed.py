"""The push, killed, or its server stopped: nothing is lost, and it catches up."""

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import databases
import psycopg2
import pytest
from contract_store import assert_equal
from copies import Killed, fail, problem_of, pushed, state_of, synced

from core.stores import clickhouse
from core.stores import push as pushing

pytest_plugins = ["store_fixtures"]

ROOT = Path(__file__).resolve().parents[2]
KILLS = 18
PUSH = """
import sys
sys.path.insert(0, {root!r})
from core.settings import Settings
from core.stores import blocks, push
print("ready", flush=True)
sys.stdin.readline()
result = push.{job}(Settings(clickhouse_url={url!r}), {dsn!r})
print(result.state, flush=True)
"""


@contextmanager
def push_process(copy, report, job="push"):
    """A process that is about to push; it begins when a line is written to it."""
    code = PUSH.format(root=str(ROOT), job=job, url=copy.url, dsn=report)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def let_go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def dies_at(step, job, copy, report):
    """Whether a push in a child process dies at a step; else it has fewer."""
    pid = os.fork()
    if pid == 0:
        steps = itertools.count(1)

        def pass_step():
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        with statements(lambda _text: pass_step(), lambda _text: pass_step()):
            getattr(pushing, job)(copy.settings, report)
        os._exit(0)
    _pid, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def change_something(engine, chosen):
    """Random changes of many rows: in time, place, program, level, or they go."""
    some = f"abs(hashtext(id || '{chosen.random()}')) % 4 = 0"
    lines = some.replace("id ||", "order_id ||")
    hours = f"interval '{chosen.randint(1, 800)} hours'"
    statements = (
        f"UPDATE engine.processed_order SET store_id = store_id % 7 + 1 WHERE {some}",
        f"UPDATE engine.processed_order SET ordered_at = ordered_at - {hours}"
        f" WHERE {some} AND ordered_at > '2017-02-20'",
        f"UPDATE engine.order_promotion_line SET amount = amount + 0.01 WHERE {lines}",
        f"DELETE FROM engine.order_promotion_line WHERE {lines} AND program_id = 1001",
        f"UPDATE engine.processed_order SET state = 'void' WHERE {some}",
        "UPDATE engine.processed_order SET state = 'done' WHERE state = 'void'",
        f"UPDATE engine.program SET name = 'P {chosen.random()}' WHERE id % 3 = 0",
        f"UPDATE engine.point_transaction SET points_amount = points_amount + 0.01"
        f" WHERE {some}",
        f"UPDATE engine.point_transaction SET occurred_at = occurred_at - {hours}"
        f" WHERE {some} AND occurred_at > '2017-02-20'",
        f"UPDATE engine.point_transaction SET transaction_type = 'adjust' WHERE {some}",
        f"DELETE FROM engine.point_transaction WHERE {some} AND seq % 4 = 0",
        f"UPDATE engine.membership_event SET occurred_at = occurred_at - {hours}"
        f" WHERE {some} AND occurred_at > '2017-02-20'",
        f"DELETE FROM engine.membership_event WHERE {some} AND id % 4 = 0",
        f"UPDATE engine.membership_product SET level = 'L {chosen.random()}'",
    )
    for statement in chosen.sample(statements, 3):
        engine.run(statement)


class TestKilled:
    @pytest.mark.usefixtures("clients_may_vanish")
    def test_a_push_killed_at_any_point_is_made_good_by_the_next(
        self, households, report, copy
    ):
        chosen = random.Random(20170101)
        synced(households.dsn, report)
        started = time.monotonic()
        pushed(copy, report)
        length = time.monotonic() - started
        killed = 0
        for number in range(KILLS):
            change_something(households, chosen)
            synced(households.dsn, report)
            job = chosen.choice(["push", "push", "rebuild"])
            with push_process(copy, report, job) as process:
                let_go(process)
                time.sleep(chosen.random() * length)
                process.send_signal(signal.SIGKILL)
                killed += process.wait() == -signal.SIGKILL
            if number % 3 == 2:
                pushed(copy, report)
                assert_equal(report, copy)
        pushed(copy, report)
        assert_equal(report, copy)
        assert killed > KILLS / 2

    @pytest.mark.parametrize(
        ("job", "every"),
        [
            ("push", 4),
            pytest.param("push", 1, marks=pytest.mark.slow),
            pytest.param("rebuild", 1, marks=pytest.mark.slow),
        ],
    )
    def test_it_may_die_before_and_after_each_of_its_statements(
        self, shop, synced_shop, copy, job, every
    ):
        pushed(copy, synced_shop)
        for step in itertools.count(1, every):
            shop.change("processed_order", "A1", store_id=step % 5 + 1)
            shop.change("processed_order", "A2", state=("void", "done")[step % 2])
            shop.change("program", 1, name=f"Name {step}")
            shop.change("membership_product", 1, level=f"Level {step}")
            shop.points(step, card_id=step % 3 + 1, seq=0)
            synced(shop.dsn, synced_shop)
            died = dies_at(step, job, copy, synced_shop)
            pushed(copy, synced_shop)
            assert_equal(synced_shop, copy)
            if not died:
                break
        assert step > 20

    def test_a_push_cut_short_is_known_to_readers_until_it_is_whole(
        self, synced_shop, copy, monkeypatch
    ):
        pushed(copy, synced_shop)
        monkeypatch.setattr(pushing._Push, "_fill", fail)
        with pytest.raises(Killed):
            pushing.rebuild(copy.settings, synced_shop)
        assert state_of(synced_shop)["pushing"]
        monkeypatch.undo()
        result = pushing.push(copy.settings, synced_shop)
        assert "cut short" in result.message
        assert not state_of(synced_shop)["pushing"]
        assert_equal(synced_shop, copy)


@contextmanager
def statements(before, after):
    """Call functions before and after each statement that a push runs in ClickHouse."""
    real = clickhouse.client

    @contextmanager
    def watched(*args, **options):
        with real(*args, **options) as client:
            run = client.execute

            def spy(query, *given, **more):
                before(query)
                found = run(query, *given, **more)
                after(query)
                return found

            client.execute = spy
            yield client

    clickhouse.client = watched
    try:
        yield
    finally:
        clickhouse.client = real


@contextmanager
def after_the_first_rows(interrupt):
    """Call a function once, when the push has sent its first rows."""
    seen = []

    def look(query):
        if "INSERT INTO promotion_order_data" in query and not seen:
            seen.append(query)
            interrupt()

    with statements(lambda _query: None, look):
        yield
    assert seen


class TestServer:
    def test_a_server_that_is_away_is_named_and_caught_up_with(
        self, shop, report, server
    ):
        synced(shop.dsn, report)
        pushed(server.copy, report)
        server.stop()
        shop.order("A8", "2017-04-22 12:00Z", lines=1)
        assert synced(shop.dsn, report).documents_changed == 1
        result = pushing.push(server.copy.settings, report)
        message = problem_of(result, report)
        assert re.search(
            r"ClickHouse at 127.0.0.1:\d+/loyalty cannot be reached", message
        )
        assert databases.value(report, "SELECT count(*) FROM promotion_performance") > 1
        server.start()
        assert pushed(server.copy, report) == 4
        assert state_of(report)["problem"] is None
        assert_equal(report, server.copy)

    def test_a_server_that_stops_in_mid_push_loses_nothing(
        self, households, report, server
    ):
        chosen = random.Random(7)
        for job, stop in (("push", server.stop), ("rebuild", server.kill)) * 2:
            change_something(households, chosen)
            synced(households.dsn, report)
            with after_the_first_rows(stop):
                result = getattr(pushing, job)(server.copy.settings, report)
            problem_of(result, report)
            assert state_of(report)["pushing"]
            households.run("UPDATE engine.processed_order SET cashier_id = 1")
            assert synced(households.dsn, report).rows_read
            server.start()
            pushed(server.copy, report)
            assert_equal(report, server.copy)

    def test_what_was_pushed_survives_a_killed_server(self, households, report, server):
        synced(households.dsn, report)
        for _ in range(3):
            change_something(households, random.Random(3))
            synced(households.dsn, report)
            pushed(server.copy, report)
            server.kill()
            server.start()
            assert_equal(report, server.copy)
            assert pushed(server.copy, report) == 0


class TestOneAtATime:
    def test_of_two_pushes_at_once_one_is_busy(self, synced_shop, copy):
        lock = "SELECT pg_advisory_lock(hashtext('loyalty_reporting'), hashtext(%s))"
        with closing(psycopg2.connect(synced_shop)) as other:
            other.cursor().execute(lock, ["clickhouse"])
            for job in (pushing.push, pushing.rebuild):
                result = job(copy.settings, synced_shop)
                assert result.state == "busy"
                assert "another worker" in result.message
        assert pushed(copy, synced_shop)

    def test_two_processes_never_push_together(self, households, report, copy):
        synced(households.dsn, report)
        with push_process(copy, report) as one, push_process(copy, report) as two:
            let_go(one)
            let_go(two)
            ends = {process.stdout.readline().strip() for process in (one, two)}
        assert ends <= {"done", "busy"}
        pushed(copy, report)
        assert_equal(report, copy)
