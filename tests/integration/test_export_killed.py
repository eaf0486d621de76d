"""Exports whose process is killed with -9, whose disk is full, whose database is gone."""

import hashlib
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import databases
import psycopg2
import pytest
from asking import asked_of
from copies import fresh_cursor
from export_world import PERIOD, SLUG, asked, export_jobs, run_next, told

from core.exports.job import FULL
from core.exports.jobs import INTERRUPTED, MOST_ATTEMPTS
from core.exports.text import csv_blocks
from core.queries import export
from core.settings import Settings

SCRIPT = Path(__file__).with_name("killed_export.py")
HALF = 2_000_000  # bytes; the whole has several times as many


@pytest.fixture
def report(history):
    """The reporting database with the whole history, and a table of jobs in it."""
    dsn, _counts = history
    with export_jobs(dsn):
        yield dsn


@contextmanager
def started(report, folder, most_bytes=0):
    """A process that does the next job."""
    command = [sys.executable, SCRIPT, report, folder, str(most_bytes)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            yield process
        finally:
            process.kill()


def kill_at_half(report, folder):
    """Start the next job and kill its process in the middle of the file."""
    before = {path.name for path in folder.glob("*")}
    with started(report, folder) as process:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            new = [path for path in folder.glob("*.part") if path.name not in before]
            if new and new[0].stat().st_size > HALF:
                process.kill()
                process.wait()
                return new[0]
            time.sleep(0.002)
        pytest.fail(f"it was not killed: {process.communicate()}")


def await_lock(report):
    """Wait until the server has noticed that the process is gone."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    query += " AND database = (SELECT oid FROM pg_database WHERE datname = %s)"
    until = time.monotonic() + 30
    while databases.value(report, query, [databases.name_in(report)]):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def expected(report):
    """Digest of the file as it is without any accident."""
    query, digest = asked_of(SLUG, *PERIOD, per_page="100"), hashlib.sha256()
    with (
        fresh_cursor(report) as cr,
        export.exported(query, cr, Settings(), lambda: fresh_cursor(report)) as answer,
    ):
        for block in csv_blocks(query, answer.rows):
            digest.update(block)
    return digest.hexdigest()


def test_an_export_killed_at_half_is_begun_anew_and_complete(
    report, tmp_path, expected
):
    number = asked(report)
    part = kill_at_half(report, tmp_path)
    killed = told(report, number)
    assert (killed["state"], killed["attempts"]) == ("running", 1)
    await_lock(report)
    assert run_next(report, tmp_path).state == "done"
    done = told(report, number)
    assert (done["state"], done["attempts"]) == ("done", 2)
    assert not part.exists()
    [file] = tmp_path.iterdir()
    content = file.read_bytes()
    assert file.name == done["file_name"]
    assert hashlib.sha256(content).hexdigest() == expected
    assert len(content) == done["bytes"] > 2 * HALF
    assert content.count(b"\n") == done["rows"] + 1
    assert run_next(report, tmp_path) is None


def test_a_job_in_work_is_nobody_else_s(report, tmp_path):
    number, other = asked(report), asked(report, "ndjson")
    with started(report, tmp_path) as process:
        while told(report, number)["state"] == "queued":
            time.sleep(0.01)
        ended = run_next(report, tmp_path)
        assert (ended.job.id, ended.state) == (other, "done")
        assert process.communicate(timeout=60)[0] == "done\n"
    assert told(report, number)["attempts"] == 1
    assert len([*tmp_path.iterdir()]) == 2


def test_a_job_that_is_killed_each_time_is_given_up(report, tmp_path):
    number = asked(report)
    for attempt in range(MOST_ATTEMPTS):
        kill_at_half(report, tmp_path)
        await_lock(report)
        assert told(report, number)["attempts"] == attempt + 1
    assert run_next(report, tmp_path) is None
    job = told(report, number)
    assert (job["state"], job["message"]) == ("failed", INTERRUPTED)
    run_next(report, tmp_path)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_full_disk_is_told_and_leaves_no_half_file(report, tmp_path, file_format):
    number = asked(report, file_format)
    with started(report, tmp_path, most_bytes=100_000) as process:
        output, errors = process.communicate(timeout=120)
    assert output == "failed\n", errors
    job = told(report, number)
    assert (job["state"], job["message"]) == ("failed", FULL)
    assert not [*tmp_path.iterdir()]


def test_a_cancelled_export_stops_while_it_runs(report, tmp_path):
    number = asked(report)
    with started(report, tmp_path) as process:
        while told(report, number)["state"] == "queued":
            time.sleep(0.01)
        databases.execute(
            report, "UPDATE loyalty_reporting_export_job SET state = 'cancelled'"
        )
        assert process.communicate(timeout=60)[0] == "cancelled\n"
    assert told(report, number)["state"] == "cancelled"
    assert not [*tmp_path.iterdir()]


def test_a_database_that_goes_away_costs_an_attempt_and_no_more(
    report, tmp_path, expected
):
    number = asked(report)
    with started(report, tmp_path) as process:
        while not [p for p in tmp_path.glob("*.part") if p.stat().st_size > HALF]:
            assert process.poll() is None
            time.sleep(0.002)
        databases.execute(
            report,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        process.communicate(timeout=60)
    job = told(report, number)
    assert job["state"] in ("queued", "running")
    assert job["attempts"] == 1
    assert not [*tmp_path.iterdir()]
    await_lock(report)
    assert run_next(report, tmp_path).state == "done"
    file = tmp_path / told(report, number)["file_name"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == expected


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "xlsx"])
def test_a_long_export_takes_little_memory(report, tmp_path, file_format):
    number = asked(report, file_format)
    with started(report, tmp_path) as process:
        output, kilobytes = process.communicate(timeout=300)
    assert output == "done\n", kilobytes
    job = told(report, number)
    # Rows kept as objects take about a kilobyte each.
    assert int(kilobytes) < 40_000 < job["rows"], kilobytes


def test_without_a_database_nothing_is_written(report, tmp_path):
    with pytest.raises(psycopg2.OperationalError):
        run_next(report.replace(databases.name_in(report), "lr_not_there"), tmp_path)
    assert not [*tmp_path.iterdir()]
