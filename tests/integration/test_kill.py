"""Runs killed with -9 at any instant, started again until done: the same numbers."""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import databases
import pytest
from pipeline import await_others, contents, synced
from recomputed import assert_rollups_follow_from_detail

SCRIPT = Path(__file__).with_name("killed_run.py")
CHUNK = 20
CORRECTIONS = (
    "UPDATE engine.processed_order SET store_id = store_id + {n};"
    " UPDATE engine.order_promotion_line SET amount = amount + 0.01 * {n};"
    " DELETE FROM engine.promotion_evaluation WHERE id % 7 = {n} % 7"
)
TIMES = pytest.param(200, marks=pytest.mark.slow)


class Killer:
    """Starts runs and kills them after a random time of a run's usual length."""

    def __init__(self, engine, report, seed):
        self._engine = engine
        self._command = [sys.executable, SCRIPT, engine.dsn, report, str(CHUNK)]
        self._report = report
        self._chance = random.Random(seed)
        self.kills = 0

    def run_until_done(self, seconds, kills):
        """Run again and again; at most `kills` of the runs are killed."""
        await_others(self._engine.dsn)
        while True:
            after = self._chance.random() * seconds
            state = self._run(after if kills > 0 else None)
            if state == "done":
                return
            if state == "":
                kills -= 1
                self.kills += 1
                assert_rollups_follow_from_detail(self._report)
            else:
                assert state == "busy", state
                time.sleep(0.05)  # the server has not yet noticed that one is gone

    def _run(self, after):
        """How a run ended; empty when it was killed before."""
        with subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            timer = threading.Timer(after or 0, process.kill)
            if after is not None:
                timer.start()
            state = process.stdout.read().strip()
            timer.cancel()
            errors = process.stderr.read()
        assert state != "failed", errors
        return state


def runs(report):
    """{state: how many} of the run log."""
    query = "SELECT state, count(*) FROM loyalty_reporting_run GROUP BY state"
    return dict(databases.rows(report, query))


@pytest.mark.parametrize("kills", [14, TIMES])
def test_a_killed_first_load_goes_on_and_ends_with_the_same_numbers(
    kills, households, report_template, assert_same_as_from_scratch
):
    made = marked = 0
    while made < kills:
        with databases.database(databases.REPORT, report_template) as report:
            killer = Killer(households, report, seed=made)
            killer.run_until_done(seconds=0.8, kills=7)
            assert_same_as_from_scratch(report, households.dsn)
            assert "running" not in runs(report)
            marked += runs(report).get("interrupted", 0)
            made += killer.kills
    assert 0 < marked <= made


@pytest.mark.parametrize("kills", [14, TIMES])
def test_killed_corrections_go_on_and_end_with_the_same_numbers(
    kills, households, report, assert_same_as_from_scratch
):
    synced(households.dsn, report)
    made = number = 0
    while made < kills:
        number += 1
        households.run(CORRECTIONS.format(n=number))
        killer = Killer(households, report, seed=number)
        killer.run_until_done(seconds=1.2, kills=7)
        made += killer.kills
        assert_same_as_from_scratch(report, households.dsn)
    assert "running" not in runs(report)


def test_a_run_that_was_killed_is_marked_by_the_next(shop, report):
    databases.execute(
        report,
        "INSERT INTO loyalty_reporting_run (job, source_name, state) VALUES"
        " ('sync', 'engine', 'running'), ('sync', 'other', 'running')",
    )
    synced(shop.dsn, report)
    query = "SELECT source_name, state, message FROM loyalty_reporting_run ORDER BY id"
    first, other, last = databases.rows(report, query)
    assert first[:2] == ("engine", "interrupted")
    assert "the next run goes on" in first[2]
    assert (other[:2], last[:2]) == (("other", "running"), ("engine", "done"))


def test_running_again_changes_nothing(households, report):
    synced(households.dsn, report)
    before = contents(report)
    load = databases.value(report, "SELECT load_id FROM fact_load")
    for _ in range(3):
        counts = synced(households.dsn, report)
        assert counts.rows_read == counts.documents_changed == 0
    households.run("UPDATE engine.order_promotion_line SET id = id")
    for _ in range(2):
        databases.execute(
            report,
            "UPDATE loyalty_reporting_cursor"
            " SET position = jsonb_set(position, '{low}', '3')",
        )
        counts = synced(households.dsn, report, chunk_documents=CHUNK)
        assert counts.documents_read == len(before["documents"])
        assert counts.documents_changed == 0
    assert contents(report) == before
    assert databases.value(report, "SELECT load_id FROM fact_load") == load
