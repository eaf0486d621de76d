"""The push when something breaks: it says so, loses nothing, and catches up."""

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
from store_fixtures import PASSWORD, pushed, state_of, synced

from core.settings import Settings
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


def change_something(engine, chosen):
    """One random change of many orders: in time, place, program, or they go."""
    some = f"abs(hashtext(id || '{chosen.random()}')) % 4 = 0"
    lines = some.replace("id ||", "order_id ||")
    statements = (
        f"UPDATE engine.processed_order SET store_id = store_id % 7 + 1 WHERE {some}",
        "UPDATE engine.processed_order SET ordered_at = ordered_at - interval"
        f" '{chosen.randint(1, 800)} hours' WHERE {some} AND ordered_at > '2017-02-20'",
        f"UPDATE engine.order_promotion_line SET amount = amount + 0.01 WHERE {lines}",
        f"DELETE FROM engine.order_promotion_line WHERE {lines} AND program_id = 1001",
        f"UPDATE engine.processed_order SET state = 'void' WHERE {some}",
        "UPDATE engine.processed_order SET state = 'done' WHERE state = 'void'",
        f"UPDATE engine.program SET name = 'P {chosen.random()}' WHERE id % 3 = 0",
    )
    engine.run(chosen.choice(statements))


def problem_of(result, report):
    """Why a push failed: told by the run, the run log and the state."""
    assert result.state == "failed", result
    state, message = databases.rows(
        report,
        "SELECT state, message FROM loyalty_reporting_run ORDER BY id DESC LIMIT 1",
    )[0]
    assert (state, message) == ("failed", result.message)
    assert state_of(report)["problem"] == result.message
    assert state_of(report)["problem_at"]
    assert "secret" not in result.message
    return result.message


class TestKilled:
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

    def test_a_push_cut_short_is_known_to_readers_until_it_is_whole(
        self, synced_shop, copy, monkeypatch
    ):
        pushed(copy, synced_shop)
        monkeypatch.setattr(pushing._Push, "_fill", _break)
        with pytest.raises(ZeroDivisionError):
            pushing.rebuild(copy.settings, synced_shop)
        assert state_of(synced_shop)["pushing"]
        monkeypatch.undo()
        result = pushing.push(copy.settings, synced_shop)
        assert "cut short" in result.message
        assert not state_of(synced_shop)["pushing"]
        assert_equal(synced_shop, copy)


def _break(*_args):
    raise ZeroDivisionError


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
        assert pushed(server.copy, report) == 2
        assert state_of(report)["problem"] is None
        assert_equal(report, server.copy)

    def test_a_server_that_stops_in_mid_push_loses_nothing(
        self, households, report, server
    ):
        chosen = random.Random(7)
        for job, stop in (("push", server.stop), ("rebuild", server.kill)) * 2:
            change_something(households, chosen)
            synced(households.dsn, report)
            with slow_inserts(server, stop):
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


@contextmanager
def slow_inserts(server, interrupt):
    """Interrupt the server after the push has sent its first rows."""
    execute = pushing.clickhouse.client
    seen = []

    @contextmanager
    def watched(*args, **options):
        with execute(*args, **options) as client:
            run = client.execute

            def spy(query, *given, **more):
                found = run(query, *given, **more)
                if "INSERT INTO promotion_order_data" in query and not seen:
                    seen.append(query)
                    interrupt()
                return found

            client.execute = spy
            yield client

    pushing.clickhouse.client = watched
    try:
        yield
    finally:
        pushing.clickhouse.client = execute
    assert seen


class TestLost:
    @pytest.mark.parametrize(
        "loss",
        [
            "DROP TABLE promotion_order_data",
            "DROP TABLE promotion_performance_data",
            "DROP TABLE program_data",
            "DROP TABLE shop_data",
            "DROP TABLE push_state",
            "DROP TABLE promotion_performance",
            "TRUNCATE TABLE promotion_order_data",
            "TRUNCATE TABLE promotion_performance_data",
            "TRUNCATE TABLE push_state",
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
        copy.rows(
            "ALTER TABLE push_state UPDATE schema = 'older' WHERE 1"
            " SETTINGS mutations_sync = 1"
        )
        result = pushing.push(copy.settings, synced_shop)
        assert "another version" in result.message
        assert_equal(synced_shop, copy)

    def test_an_older_copy_of_clickhouse_is_noticed(self, shop, report, copy):
        synced(shop.dsn, report)
        pushed(copy, report)
        kept = copy.rows("SELECT * FROM push_state ORDER BY epoch")
        shop.change("processed_order", "A1", store_id=4)
        synced(shop.dsn, report)
        pushed(copy, report)
        copy.rows(
            f"ALTER TABLE push_state DELETE WHERE epoch > {kept[-1][0]}"
            " SETTINGS mutations_sync = 1"
        )
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
        monkeypatch.setattr(pushing.push_state, "settle", _break)
        with pytest.raises(ZeroDivisionError):
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
        monkeypatch.setattr(pushing._Push, "_fill", _break)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
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


class TestRefused:
    HUGE = "99999999999999.9999"

    def test_a_sum_that_clickhouse_cannot_hold_is_named(self, engine, report, copy):
        engine.order("A1", lines=0)
        for number in range(10):
            engine.line("A1", id=number + 1, amount=self.HUGE)
        synced(engine.dsn, report)
        message = problem_of(pushing.push(copy.settings, report), report)
        assert "promotion_order_data is too large for ClickHouse" in message
        assert state_of(report)["pushing"]
        engine.run("UPDATE engine.order_promotion_line SET amount = 1 WHERE id > 5")
        synced(engine.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    def test_the_largest_amounts_are_exact(self, engine, report, copy):
        for number, amount in enumerate((self.HUGE, f"-{self.HUGE}", "0.0001")):
            engine.order(f"A{number}", lines=0, store_id=number)
            engine.line(f"A{number}", id=number + 1, amount=amount, qty=amount)
        synced(engine.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            (f"clickhouse://u:{PASSWORD}@127.0.0.1:1/x", r"127.0.0.1:1/x cannot be"),
            (f"clickhouse://u:{PASSWORD}@nowhere.invalid/x", "nowhere.invalid:9000/x"),
            (f"clickhouse://u:{PASSWORD}@host:port/x", "no valid URL"),
            (f"clickhouse://u:se#{PASSWORD}/@h:1/x", "no valid URL"),
            (f"clickhouse://u:{PASSWORD}", "no valid URL"),
            (f"http://u:{PASSWORD}@127.0.0.1:8123/x", "no valid URL"),
            (f"clickhouse://u:{PASSWORD}@h/x?compression=brotli", "no valid URL"),
            (f"clickhouse://[{PASSWORD}", "no valid URL"),
            (PASSWORD, "no valid URL"),
        ],
    )
    def test_a_wrong_address_is_told_without_its_password(
        self, synced_shop, url, expected
    ):
        settings = Settings(clickhouse_url=url)
        message = problem_of(pushing.push(settings, synced_shop), synced_shop)
        assert expected in message or re.search(expected, message)

    def test_a_wrong_password_is_refused_with_the_reason(self, synced_shop, copy):
        settings = Settings(
            clickhouse_url=re.sub(r":[^:@]+@", f":{PASSWORD}@", copy.url)
        )
        message = problem_of(pushing.push(settings, synced_shop), synced_shop)
        assert "refused" in message
        assert "Authentication failed" in message

    def test_without_a_clickhouse_there_is_nothing_to_do(self, synced_shop):
        result = pushing.push(Settings(), synced_shop)
        assert (result.state, result.message) == (
            "done",
            "No ClickHouse is configured.",
        )
        assert pushing.rebuild(Settings(), synced_shop) == result

    def test_a_reporting_database_that_is_away_is_told(self, copy):
        dsn = f"postgresql://u:{PASSWORD}@127.0.0.1:1/x"
        result = pushing.push(copy.settings, dsn)
        assert result.state == "failed"
        assert PASSWORD not in result.message
