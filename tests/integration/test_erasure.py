"""A person is erased: no byte of who it was is left, no figure changes, nobody returns."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import databases
import pandas
import psycopg2
import pytest
import redis
from archiving import BOTH, archive, archived, away, month, restored
from asking import YEAR, ask, asked_of
from copies import Copy, pushed
from pipeline import (
    NEW_YORK,
    assert_same_contents,
    contents,
    from_scratch,
    sync_once,
    synced,
)
from stream_fixtures import Feed, event, joined, order, point

from core.erasure import archives, elsewhere, places
from core.erasure.merge import merge
from core.erasure.pseudonyms import scrubbed
from core.erasure.request import Asked, begin, preview
from core.erasure.run import PLACES, Outside, Stream, _Erasure, run, unfinished
from core.errors import BadQuery, ConfigurationError, StoreError
from core.events.intake import Intake
from core.retention import leaving
from core.retention import run as retention
from core.retention.files import Location
from core.retention.policy import Policy, Tier
from core.retention.restore import LOCK, restore
from core.settings import Settings
from core.sources import SOURCES
from core.stores import loads, materialized, postgres
from core.stores.locks import held
from core.sync import backfill, load_waiting, replay

pytest_plugins = ["store_fixtures", "answer_fixtures"]

SECRET = "a-secret-of-the-tests"
PERSON, CARD = 987654321, 876543210
MARKS = [str(n).encode() for n in (PERSON, CARD)]
KEYS = (
    "SELECT 'customer', id FROM loyalty_reporting_customer WHERE external_id = %s"
    " UNION SELECT 'card', id FROM loyalty_reporting_card WHERE external_id = %s"
)
STEPS = (
    "SELECT place, state, changed FROM loyalty_reporting_erasure_step"
    " WHERE erasure_id = %s ORDER BY position"
)
SUMMARY = "SELECT * FROM mv_promotion_daily_summary ORDER BY 1, 2, 3"
COPIED = (
    "SELECT company_id, program_id, date, total_transactions, unique_customers,"
    " total_amount FROM promotion_performance ORDER BY 1, 2, 3, hour, store_id",
    "SELECT company_id, membership_product_id, date, new_members, active_members,"
    " total_spending FROM membership_analytics ORDER BY 1, 2, 3",
    "SELECT company_id, date, hour, transaction_type, points_earned, balance"
    " FROM point_analytics ORDER BY 1, 2, 3, 4, 5, 6",
)


@dataclass
class World:
    """An engine with a person among others, and everywhere the person got to."""

    engine: object
    report: str
    copy: Copy
    feed: Feed
    settings: Settings

    @property
    def outside(self):
        return Outside((Stream(self.feed.url, self.feed.name, "engine"),))

    def sync(self, **options):
        return sync_once(self.engine.dsn, self.report, **options)

    def read_again(self):
        """Read all that the database holds, whatever was read before."""
        source = SOURCES["engine_pg"](self.engine.dsn)
        known = {"companies": [NEW_YORK], "mapping": {1: 1}, "erasure_secret": SECRET}
        since = date(2017, 1, 1)
        return backfill(source, self.report, source_name="engine", since=since, **known)

    def begin(self, secret=SECRET, **options):
        keys = dict(databases.rows(self.report, KEYS, [PERSON, CARD]))
        return begin(self.report, secret, Asked((keys["customer"],), 1, **options))

    def erase(self):
        number = self.begin()
        return number, self.run(number)

    def run(self, number, **options):
        return run(self.settings, self.report, number, self.outside, **options)

    def steps(self, number):
        rows = databases.rows(self.report, STEPS, [number])
        return {place: (state, changed) for place, state, changed in rows}

    def renamed(self, found):
        """Contents, with what stands for the person from now on."""
        pseudonyms = {PERSON: -self.keys["customer"], CARD: -self.keys["card"]}
        return {
            name: sorted(
                (tuple(pseudonyms.get(value, value) for value in row) for row in rows),
                key=repr,
            )
            for name, rows in found.items()
            if name != "dead letters"
        }

    def remember_keys(self):
        self.keys = dict(databases.rows(self.report, KEYS, [PERSON, CARD]))

    def letters(self):
        """What was refused, and why: a replay is no contradiction of what is known."""
        return databases.rows(
            self.report,
            "SELECT table_name, row_key, reason FROM loyalty_reporting_dead_letter"
            " WHERE state = 'open' ORDER BY 1, 2, 3",
        )

    def figures(self):
        """What was published: it must not change."""
        return (
            databases.rows(self.report, SUMMARY),
            *(self.copy.rows(query) for query in COPIED),
        )

    def found(self):
        """Where a byte of the person's identifiers stands."""
        dumps = {
            "PostgreSQL": _dump(self.report),
            "ClickHouse": _dump_copy(self.copy),
            "Redis": _dump_redis(self.feed),
        }
        return {name for name, dump in dumps.items() if any(m in dump for m in MARKS)}


@pytest.fixture
def world(shop, report, copy, redis_url):
    """The person's traces are everywhere, and everything is loaded, pushed, asked."""
    settings = replace(copy.settings, redis_url=redis_url, erasure_secret=SECRET)
    feed = Feed(redis_url, report)
    made = World(shop, report, copy, feed, settings)
    _fill(shop)
    synced(shop.dsn, report)
    feed.send(*_events())
    assert feed.consume(erasure_secret=SECRET).state == "done"
    pushed(copy, report)
    materialized.refresh(report)
    asked = asked_of("points/transactions", *YEAR, partner_id=str(PERSON))
    assert ask(report, asked, replace(settings, clickhouse_url="")).rows
    made.remember_keys()
    yield made
    feed.client.delete(feed.name)


def _fill(engine):
    engine.run(
        "INSERT INTO engine.point_card (id, program_id, partner_id, active)"
        " VALUES (%s, 3, %s, true)",
        [CARD, PERSON],
    )
    engine.order("P1", "2017-03-10 15:21:00+00", lines=2, partner_id=PERSON)
    engine.order("P2", "2017-04-20 18:40:00+00", lines=1, partner_id=PERSON)
    engine.order("P3", "2017-04-20 18:40:00+00", partner_id=PERSON, currency="XXX")
    engine.evaluation("P1", "applied", partner_id=PERSON)
    engine.evaluation("lost-P", partner_id=PERSON)
    engine.membership("join", 1, partner_id=PERSON, order_id="P1")
    engine.points(20, card_id=CARD, partner_id=PERSON, order_id="P1")
    engine.points(5, card_id=CARD, partner_id=PERSON)
    engine.points(7, "redeem", card_id=CARD, partner_id=PERSON)


def _events():
    row = point(5_000, card_id=CARD, partner_id=PERSON)
    return (
        order(
            "P9", number=77, partner_id=PERSON, ordered_at="2017-03-11T10:00:00+00:00"
        ),
        event("membership.changed", joined(5_001, partner_id=PERSON)),
        event("points.changed", row),
        # Refused: it becomes a dead letter with all that was sent.
        event("points.changed", row | {"id": 5_002, "points_amount": "much"}),
    )


def _dump(dsn):
    program = os.path.join(os.environ["LR_PG_BIN"], "pg_dump")
    done = subprocess.run([program, dsn], capture_output=True, check=True)
    return done.stdout


def _dump_copy(copy):
    tables = copy.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
    )
    return repr([copy.rows(f"SELECT * FROM {name}") for (name,) in tables]).encode()


def _dump_redis(feed):
    client = redis.Redis.from_url(feed.url)
    entries = client.xrange(feed.name) if client.exists(feed.name) else []
    answers = [
        client.get(key) or b""
        for key in client.scan_iter("loyalty_reporting:" + "[0-9a-f]" * 64)
    ]
    return repr((entries, answers)).encode()


def _identifiers(folder):
    """All identifiers of customers and cards in the files of archives."""
    found = set()
    for path in folder.rglob("*.parquet"):
        rows = pandas.read_parquet(path)
        for name in {"partner_id", "card_id"} & {*rows.columns}:
            found |= {*rows[name].dropna().astype(int)}
    return found


def _killed_after(world, number, place):
    """Run the erasure in a process that is killed before it notes that a place is done."""
    return _killed(world, number, _Erasure, f"_{place}")


def _killed(world, number, owner, name):
    """Run the erasure in a process that is killed as soon as a function returned."""
    child = os.fork()
    if child == 0:
        work = getattr(owner, name)

        def killed(*args):
            work(*args)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, killed)
        try:
            world.run(number)
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


class TestErased:
    def test_no_byte_of_the_person_is_left_and_no_figure_changes(self, world):
        assert world.found() == {"PostgreSQL", "ClickHouse", "Redis"}
        before, figures = contents(world.report), world.figures()
        number, result = world.erase()
        assert (result.state, result.message) == ("done", "")
        assert world.found() == set()
        assert world.renamed(contents(world.report)) == world.renamed(before)
        pushed(world.copy, world.report)
        materialized.refresh(world.report, force=True)
        assert world.figures() == figures
        steps = world.steps(number)
        assert [*steps] == [*PLACES]
        assert steps["identity"] == ("done", 2)
        for place in ("detail", "dead_letters", "answers", "streams", "clickhouse"):
            assert steps[place][1] > 0, place
        assert steps["archive"] == ("none", 0)

    def test_a_replay_brings_nothing_back(self, world):
        letters = world.letters()
        assert letters
        world.erase()
        after, figures = contents(world.report), world.figures()
        # All of the database again, the stream again, and by HTTP.
        assert world.read_again().state == "done"
        assert world.found() == set()
        world.feed.send(*_events())
        assert world.feed.consume(erasure_secret=SECRET).state == "done"
        intake = Intake(
            world.report, "shop", "engine",
            {"companies": [NEW_YORK], "mapping": {1: 1}}, 10**6, 5000, SECRET,
        )  # fmt: skip
        intake.receive(("[" + ",".join(_events()) + "]").encode())
        assert world.letters() == letters
        assert world.renamed(contents(world.report)) == world.renamed(after)
        pushed(world.copy, world.report)
        materialized.refresh(world.report, force=True)
        assert world.figures() == figures
        # What was sent again lies in the stream until it is forgotten again.
        assert world.found() == {"Redis"}

    def test_what_the_person_does_later_counts_for_nobody_known(self, world):
        world.erase()
        world.engine.order("P8", "2017-04-25 18:40:00+00", lines=1, partner_id=PERSON)
        synced(world.engine.dsn, world.report, erasure_secret=SECRET)
        query = "SELECT partner_id FROM promotion_report_detail WHERE order_id = 'P8'"
        assert databases.value(world.report, query) == -world.keys["customer"]
        assert "PostgreSQL" not in world.found()

    def test_events_that_wait_are_loaded_first(self, world):
        world.feed.send(
            order("P7", number=78, partner_id=PERSON, ordered_at="2017-03-12T10:00:00Z")
        )
        number, result = world.erase()
        assert result.state == "failed"
        assert "streams: 1" in result.message
        note = "SELECT note FROM loyalty_reporting_erasure_step WHERE place = 'streams'"
        assert "1 events are still to be read" in databases.value(world.report, note)
        world.feed.consume(erasure_secret=SECRET)
        assert "P7" in world.feed.orders()
        assert world.run(number).state == "done"
        assert world.found() == set()

    def test_archived_months_are_written_anew_without_the_person(self, world, tmp_path):
        months = archived(world.report, tmp_path, month(2017, 12))
        assert _identifiers(tmp_path) >= {PERSON, CARD}
        figures = world.figures()
        number, result = world.erase()
        assert (result.state, result.message) == ("done", "")
        assert world.steps(number)["archive"][1] > 0
        assert not _identifiers(tmp_path) & {PERSON, CARD}
        assert away(world.report) == months
        restored(world.report)
        assert world.found() == set()
        pushed(world.copy, world.report)
        materialized.refresh(world.report, force=True)
        assert world.figures() == figures

    def test_keys_of_others_letters_stay(self, world):
        keys = "SELECT document_key FROM loyalty_reporting_dead_letter ORDER BY id"
        databases.execute(
            world.report,
            "INSERT INTO loyalty_reporting_dead_letter (source_name, source, table_name,"
            " document_key, row_key, reason, raw) VALUES ('engine', 'engine',"
            f" 'processed_order', '{PERSON}', '{PERSON}', 'odd', '{{}}')",
        )
        world.erase()
        assert databases.rows(world.report, keys)[-1] == (str(PERSON),)

    def test_others_keep_their_names(self, world):
        query = (
            "SELECT external_id FROM loyalty_reporting_customer WHERE external_id > 0"
            " UNION SELECT partner_id FROM promotion_report_detail WHERE partner_id > 0"
        )
        before = {*databases.rows(world.report, query)}
        world.erase()
        assert {*databases.rows(world.report, query)} == before - {(PERSON,)}


class TestArchived:
    """The person's months are in files."""

    MONTHS = (
        "SELECT month, restored_at FROM loyalty_reporting_archive"
        " WHERE state = 'restored' AND tier = 'detail'"
    )
    BEGUN = "SELECT month FROM loyalty_reporting_erasure_month"
    ROWS = (
        "SELECT month, sum(rows)::integer FROM loyalty_reporting_archive a"
        " JOIN loyalty_reporting_archive_file f ON f.archive_id = a.id GROUP BY month"
    )

    @pytest.fixture
    def months(self, world, tmp_path):
        """Months that are away: the person's are some of them."""
        world.engine.order("P4", "2017-06-20 18:40:00+00", lines=1, partner_id=PERSON)
        world.sync()
        found = archived(world.report, tmp_path, month(2017, 12))
        assert _identifiers(tmp_path) >= {PERSON, CARD}
        return found

    def test_without_a_damaged_archive_an_erasure_waits(self, world, months, tmp_path):
        aside = tmp_path.with_name("aside")
        tmp_path.rename(aside)
        number, result = world.erase()
        assert result.state == "failed"
        assert "cannot be restored" in result.message
        aside.rename(tmp_path)
        assert world.run(number).state == "done"
        assert not _identifiers(tmp_path) & {PERSON, CARD}

    def test_one_is_back_at_a_time_and_none_twice(self, world, months, monkeypatch):
        number, back = world.begin(), []

        def restore_held(dsn, month, work=archives.restore_held):
            assert away(world.report) == months
            back.append(month)
            work(dsn, month)

        monkeypatch.setattr(archives, "restore_held", restore_held)
        assert _killed(world, number, _Erasure, "_rewrite") == signal.SIGKILL
        steps = world.steps(number)
        assert steps["archive"] == ("running", 1)
        assert world.run(number).state == "done"
        # The first one was done by the process that was killed.
        assert len(back) == len({*back}) == world.steps(number)["archive"][1] - 1
        assert world.steps(number)["archive"] == ("done", len(back) + 1)
        kept = "SELECT count(*) FROM loyalty_reporting_erasure_month"
        assert databases.value(world.report, kept) == 0

    def test_a_process_may_be_killed_amid_any_month(self, world, months, tmp_path):
        number = world.begin()
        for owner, name in (
            (archives, "restore_held"), (archives, "scrub"), (leaving._Month, "write"),
            (leaving._Month, "close"), (leaving, "leave"), (_Erasure, "_rewrite"),
        ):  # fmt: skip
            assert _killed(world, number, owner, name) == signal.SIGKILL, name
            with closing(psycopg2.connect(world.report)) as connection:
                assert unfinished(connection.cursor()) == [number]
        assert world.run(number).state == "done"
        assert away(world.report) == months
        assert not _identifiers(tmp_path) & {PERSON, CARD}
        restored(world.report)
        assert world.found() == set()

    def test_a_load_that_needs_a_month_comes_between_two(
        self, world, months, monkeypatch
    ):
        turns = []

        def load():
            with held(world.report, LOCK, 30):
                query = (
                    "SELECT count(*) FROM loyalty_reporting_erasure_month WHERE is_done"
                )
                turns.append(databases.value(world.report, query))

        def scrub(*args, work=archives.scrub):
            if not turns:
                turns.append(threading.Thread(target=load))
                turns[0].start()
            work(*args)

        monkeypatch.setattr(archives, "scrub", scrub)
        assert world.erase()[1].state == "done"
        turns[0].join()
        assert turns[1:] == [1]

    def test_what_a_time_slot_leaves_goes_on(self, world, months):
        number = world.begin()
        result = world.run(number, seconds=1e-9)
        assert result.state == "partial"
        assert "yet to be written: " in result.message
        assert away(world.report) == months
        assert world.run(number, seconds=600).state == "done"

    def test_a_month_that_takes_longer_than_a_worker_lives_waits_for_the_command(
        self, world, months, monkeypatch
    ):
        number = world.begin()
        with monkeypatch.context() as patched:
            patched.setattr(retention, "ROWS_A_SECOND", 0.001)
            # The other places are done; then nothing is left that a worker can do.
            states = [world.run(number, limit=110).state for _ in range(3)]
        assert states == ["partial", "failed", "failed"]
        query = "SELECT state, message FROM loyalty_reporting_erasure"
        [(state, message)] = databases.rows(world.report, query)
        assert state == "running"
        assert re.search(r"[A-Z][a-z]+ 2017 waits: [1-9][\d,]* rows", message)
        assert "odoo-bin loyalty_erasure run" in message
        assert world.steps(number)["clickhouse"][0] == "done"
        assert not databases.rows(world.report, self.BEGUN)
        # The command has no limit.
        assert world.run(number).state == "done"
        assert away(world.report) == months

    def test_smaller_months_are_written_all_the_same(self, world, months, monkeypatch):
        number = world.begin()
        rows = dict(databases.rows(world.report, self.ROWS))
        largest = max(rows, key=rows.get)
        # Restored in time, it would not be written in time.
        monkeypatch.setattr(retention, "ROWS_A_SECOND", 1.9 * rows[largest] / 1000)
        assert all(n < 0.9 * rows[largest] for m, n in rows.items() if m != largest)

        result = world.run(number, limit=1000)

        assert result.state == "partial"
        assert "yet to be written: 1." in result.message
        assert f"{largest:%B %Y} waits: {rows[largest]:,} rows" in result.message
        done = {m for (m,) in databases.rows(world.report, self.BEGUN)}
        assert done
        assert largest not in done

    def test_what_was_here_stays(self, world, months, tmp_path):
        restore(world.report, month(2017, 3))
        here = databases.rows(world.report, self.MONTHS)
        assert world.erase()[1].state == "done"
        assert not _identifiers(tmp_path) & {PERSON, CARD}
        assert databases.rows(world.report, self.MONTHS) == here
        assert away(world.report) == [m for m in months if m != month(2017, 3)]
        restored(world.report)
        assert world.found() == set()

    def test_aggregates_that_came_back_with_them_leave_again(
        self, world, months, tmp_path
    ):
        archived(world.report, tmp_path, month(2019, 12), policies=BOTH)
        pushed(world.copy, world.report)
        materialized.refresh(world.report, force=True)
        figures = world.figures()
        aggregates = away(world.report, Tier.AGGREGATE)
        assert aggregates
        assert world.erase()[1].state == "done"
        assert away(world.report, Tier.AGGREGATE) == aggregates
        pushed(world.copy, world.report)
        materialized.refresh(world.report, force=True)
        assert world.figures() == figures

    def test_it_is_not_done_while_an_old_file_is_there(
        self, world, months, tmp_path, monkeypatch
    ):
        number = world.begin()
        with monkeypatch.context() as patched:
            patched.setattr(Location, "remove", lambda *_: None)
            result = world.run(number)
        assert result.state == "failed"
        old = [*tmp_path.rglob("*_201703.1.parquet")]
        assert old
        for path in old:
            assert str(path) in result.message
        assert _identifiers(tmp_path) & {PERSON, CARD}
        _state, written = world.steps(number)["archive"]
        for path in tmp_path.rglob("former/*/*"):
            path.unlink()
        assert world.run(number).state == "done"
        # It went through these months once more.
        assert world.steps(number)["archive"][1] > written
        assert not _identifiers(tmp_path) & {PERSON, CARD}

    def test_what_a_writer_left_that_died_goes_too(self, world, tmp_path):
        program = Path(__file__).with_name("killed_archive.py")
        command = [sys.executable, str(program), world.report, str(tmp_path)]
        subprocess.run([*command, "2017-12-01", "half written"], check=False)
        assert PERSON in _identifiers(tmp_path)
        assert world.erase()[1].state == "done"
        assert not _identifiers(tmp_path) & {PERSON, CARD}
        assert not away(world.report)

    def test_a_month_that_cannot_be_written_holds_up_nobody(self, world, tmp_path):
        """A misprint was its location: no file was ever whole, its rows are here."""
        databases.execute(
            world.report,
            "INSERT INTO loyalty_reporting_archive (month, tier, state, location)"
            " VALUES ('2017-03-01', 'detail', 'writing', %s)",
            [str(tmp_path / "misprint")],
        )
        assert world.erase()[1].state == "done"
        assert world.found() == set()
        assert not (tmp_path / "misprint").exists()

    def test_it_is_not_done_while_a_file_of_an_expired_one_is_there(
        self, world, months, tmp_path, monkeypatch
    ):
        policies = (*BOTH, Policy(Tier.ARCHIVE, 1826))
        with monkeypatch.context() as patched:
            patched.setattr(Location, "remove", lambda *_: None)
            archive(world.report, tmp_path, month(2023, 1), policies=policies)
        number, result = world.erase()
        assert result.state == "failed"
        assert "_201703.1.parquet" in result.message
        for path in tmp_path.rglob("*.1.parquet"):
            path.unlink()
        assert world.run(number).state == "done"


class TestMonths:
    """In which archived months a person has rows."""

    SCANS = (
        "SELECT coalesce(max(seq_scan), 0) FROM pg_stat_xact_user_tables"
        " WHERE relname LIKE 'promotion_order_data\\_%'"
    )
    MONTHS = [month(2017, number) for number in (3, 4, 6)]

    @pytest.fixture
    def cr(self, shop, report, tmp_path):
        shop.order("Q1", "2017-06-10 15:21:00+00", lines=1, partner_id=7)
        shop.order("Q2", "2017-09-10 15:21:00+00", lines=1, partner_id=8)
        synced(shop.dsn, report)
        archived(report, tmp_path, month(2018, 1))
        with closing(psycopg2.connect(report)) as connection:
            yield connection.cursor()

    def test_an_erasure_finds_them_without_the_order_grain(self, cr):
        cr.execute("SELECT id FROM loyalty_reporting_customer WHERE external_id = 7")
        [key] = cr.fetchone()
        # Of each day the month, and the one beside it.
        assert preview(cr, [key])["months"] == len(self.MONTHS)
        assert archives.months_of(cr, [key], []) == self.MONTHS
        cr.execute(self.SCANS)
        assert cr.fetchone() == (0,)

    def test_a_basket_alone_counts_for_a_merge(self, cr):
        cr.execute(
            "UPDATE promotion_order_data SET customer_key = 4711"
            " WHERE date_trunc('month', transaction_date) = '2017-06-01'"
        )
        assert cr.rowcount
        assert not archives.months_of(cr, [4711], [])
        assert archives.months_of(cr, [4711], [], baskets=True) == [month(2017, 6)]


class TestSecret:
    @pytest.mark.parametrize("secret", ["", "another"])
    def test_without_it_nothing_is_loaded_that_may_bring_somebody_back(
        self, world, secret
    ):
        world.erase()
        world.engine.order("P8", "2017-04-25 18:40:00+00", lines=1, partner_id=PERSON)
        result = world.sync(erasure_secret=secret)
        assert result.state == "failed"
        assert "bring them back" in result.message
        assert "PostgreSQL" not in world.found()
        with pytest.raises(ConfigurationError):
            begin(world.report, secret, Asked((1,), 1))

    def test_it_stands_nowhere(self, world):
        world.erase()
        assert SECRET.encode() not in _dump(world.report)
        assert SECRET not in repr(world.settings)

    def test_where_nobody_was_erased_none_is_needed(self, shop, report):
        assert synced(shop.dsn, report).rows_loaded


class TestInterrupted:
    def test_a_process_may_be_killed_after_any_place(self, world):
        before = contents(world.report)
        number = world.begin()
        for place in PLACES:
            assert _killed_after(world, number, place) == signal.SIGKILL
            with closing(psycopg2.connect(world.report)) as connection:
                assert unfinished(connection.cursor()) == [number]
        assert world.run(number).state == "done"
        assert world.found() == set()
        assert world.renamed(contents(world.report)) == world.renamed(before)
        assert world.run(number).state == "done"

    def test_a_place_that_is_away_is_told_and_gone_to_later(self, world, monkeypatch):
        def away(*_args):
            raise StoreError("ClickHouse is away.")

        number = world.begin()
        with monkeypatch.context() as patched:
            patched.setattr(elsewhere, "rename_copies", away)
            assert world.run(number).message == "ClickHouse is away."
        told = "SELECT message FROM loyalty_reporting_erasure"
        assert databases.value(world.report, told) == "ClickHouse is away."
        assert world.run(number).state == "done"
        assert databases.value(world.report, told) == ""

    def test_events_that_wait_are_not_forgotten_by_one_that_goes_on(self, world):
        world.feed.send(
            order("P7", number=78, partner_id=PERSON, ordered_at="2017-03-12T10:00:00Z")
        )
        number = world.begin()
        assert _killed_after(world, number, "clickhouse") == signal.SIGKILL
        assert "streams: 1" in world.run(number).message
        world.feed.consume(erasure_secret=SECRET)
        assert world.run(number).state == "done"

    def test_what_is_left_in_the_end_is_gone_to_again(self, world, monkeypatch):
        number = world.begin()
        with monkeypatch.context() as patched:
            patched.setattr(places, "scrub_detail", lambda *_: 0)
            assert "detail" in world.run(number).message
        assert world.run(number).state == "done"
        assert world.found() == set()

    def test_a_load_that_staged_before_does_not_bring_the_person_back(
        self, world, monkeypatch
    ):
        begun = []

        def staged(self, chunk, values, stage=postgres.PostgresStore.stage):
            counts = stage(self, chunk, values)
            if not begun:
                begun.append(world.begin())
            return counts

        monkeypatch.setattr(postgres.PostgresStore, "stage", staged)
        world.engine.order("P8", "2017-04-25 18:40:00+00", lines=1, partner_id=PERSON)
        synced(world.engine.dsn, world.report, erasure_secret=SECRET)
        assert world.run(begun[0]).state == "done"
        assert world.found() == set()


class TestRefused:
    def test_nobody_is_erased_twice_and_nobody_unknown(self, world):
        world.erase()
        for key in (world.keys["customer"], 10**6):
            with pytest.raises(BadQuery):
                begin(world.report, SECRET, Asked((key,), 1))


def test_rows_as_they_came_lose_identifiers_and_nothing_else():
    def pseudonym_of(kind, number):
        return {("customer", 7): -1, ("card", 8): -2}.get((kind, number))

    assert scrubbed('{"partner_id": 7, "qty": 7}', pseudonym_of) == (
        '{"partner_id": -1, "qty": 7}'
    )
    assert scrubbed('{"card_id":"8","id":7}', pseudonym_of) == '{"card_id":"-2","id":7}'
    # Nothing says which of its numbers is whose.
    assert scrubbed("b'1\\t7\\t70\\t7.5'", pseudonym_of) == "b'1\\t-1\\t70\\t7.5'"


def test_documents_that_wait_keep_all_numbers_that_are_no_identifiers(
    shop, report, tmp_path, monkeypatch
):
    shop.order("N1", "2017-11-10 10:10:10Z", partner_id=10)
    synced(shop.dsn, report)
    archived(report, tmp_path, month(2017, 12))
    at = "2017-03-10 10:10:10Z"
    for order_id, customer in (("walk-in", None), ("person", 10)):
        shop.order(order_id, at, lines=0, partner_id=customer)
        shop.line(order_id, product_id=10, qty=10, points_earned=10)
    monkeypatch.setattr("core.stores.archived._PATIENCE", 0)
    with held(report, LOCK):
        synced(shop.dsn, report)
    number = "SELECT id FROM loyalty_reporting_customer WHERE external_id = 10"
    key = databases.value(report, number)
    raw = "SELECT raw FROM loyalty_reporting_dead_letter WHERE document_key = %s"
    [(waiting,)] = databases.rows(report, raw, ["walk-in"])

    erasure = begin(report, SECRET, Asked((key,), 1))
    result = run(Settings(), report, erasure, Outside())

    assert (result.state, result.message) == ("done", "")
    assert databases.rows(report, raw, ["walk-in"]) == [(waiting,)]
    assert '"partner_id": 10' not in databases.value(report, raw, ["person"])
    databases.execute(
        report,
        "UPDATE loyalty_reporting_dead_letter SET last_seen = last_seen - interval '1h'",
    )
    feed = {"companies": [NEW_YORK], "mapping": {1: 1}, "erasure_secret": SECRET}
    assert load_waiting(report, source_name="engine", **feed).state == "done"
    query = (
        "SELECT order_id, partner_id, product_id, qty, points_earned, transaction_date"
        " FROM promotion_report_detail WHERE order_id IN ('walk-in', 'person') ORDER BY 1"
    )
    facts = (10, 10, 10, datetime(2017, 3, 10, 10, 10, 10))
    assert databases.rows(report, query) == [
        ("person", -key, *facts),
        ("walk-in", None, *facts),
    ]


class TestMerged:
    """Customer 8 turns out to be customer 7."""

    @pytest.fixture
    def merged(self, shop, report):
        """The shop and its reporting database, merged and read again."""
        synced(shop.dsn, report)
        keys = dict(
            databases.rows(
                report, "SELECT external_id, id FROM loyalty_reporting_customer"
            )
        )
        documents = merge(report, keys[8], keys[7])
        assert documents["order"]
        source = SOURCES["engine_pg"](shop.dsn)
        known = {"companies": [NEW_YORK], "mapping": {1: 1}, "source_name": "engine"}
        assert replay(source, report, keys=documents, **known).state == "done"
        return shop, report

    def test_all_counts_as_if_there_had_been_one(self, merged, report_template):
        shop, report = merged
        found = contents(report)
        for table in (
            "processed_order", "promotion_evaluation", "membership_event",
            "point_transaction", "point_card",
        ):  # fmt: skip
            shop.run(f"UPDATE engine.{table} SET partner_id = 7 WHERE partner_id = 8")
        assert_same_contents(from_scratch(shop.dsn, report_template), found)

    def test_what_comes_later_under_the_old_number_counts_for_the_other(self, merged):
        shop, report = merged
        shop.order("late", "2017-04-22 18:40:00+00", lines=1, partner_id=8)
        synced(shop.dsn, report)
        query = "SELECT partner_id FROM promotion_report_detail WHERE order_id = 'late'"
        assert databases.value(report, query) == 7

    def test_who_is_erased_takes_the_old_number_along(self, merged):
        shop, report = merged
        number = "SELECT id FROM loyalty_reporting_customer WHERE external_id = 7"
        key = databases.value(report, number)
        erasure = begin(report, SECRET, Asked((key,), 1))
        assert run(Settings(), report, erasure, Outside()).state == "done"
        for customer, order_id in ((7, "late-7"), (8, "late-8")):
            at = "2017-04-22 18:40:00+00"
            shop.order(order_id, at, lines=1, partner_id=customer)
        synced(shop.dsn, report, erasure_secret=SECRET)
        query = (
            "SELECT DISTINCT partner_id FROM promotion_report_detail"
            " WHERE order_id LIKE 'late-%'"
        )
        assert databases.rows(report, query) == [(-key,)]
        assert not databases.rows(report, "SELECT * FROM loyalty_reporting_alias")

    def test_those_whose_archives_have_expired_stay_two(self, shop, report, tmp_path):
        synced(shop.dsn, report)
        # Customers 90 and 91 bought later than all that is gone.
        shop.order("N1", "2019-05-01 10:00Z", partner_id=90)
        shop.order("N2", "2019-05-01 10:00Z", partner_id=91)
        synced(shop.dsn, report)
        keys = dict(
            databases.rows(
                report, "SELECT external_id, id FROM loyalty_reporting_customer"
            )
        )
        policies = (*BOTH, Policy(Tier.ARCHIVE, 1826))
        archived(report, tmp_path, month(2019, 6), policies=BOTH)
        archived(report, tmp_path, month(2022, 6), policies=policies)
        before = contents(report)

        for old, new in ((8, 7), (7, 90), (90, 7)):
            with pytest.raises(BadQuery, match="to April 2017 .* have expired"):
                merge(report, keys[old], keys[new])
        assert contents(report) == before
        assert merge(report, keys[90], keys[91])["order"] == ["N1"]

    def test_no_month_leaves_while_they_are_merged(
        self, shop, report, tmp_path, monkeypatch
    ):
        # Its booking belongs to no order.
        shop.points(5, partner_id=8)
        synced(shop.dsn, report)
        keys = dict(
            databases.rows(
                report, "SELECT external_id, id FROM loyalty_reporting_customer"
            )
        )
        archived(report, tmp_path, month(2017, 12))
        states = []

        def meanwhile(cr, work=loads.change_configuration):
            states.append(archive(report, tmp_path, month(2017, 12)).state)
            work(cr)

        monkeypatch.setattr(loads, "change_configuration", meanwhile)
        monkeypatch.setattr(retention, "PATIENCE", 0)
        documents = merge(report, keys[8], keys[7])
        assert states == ["partial"]
        assert documents["points"]
        # None is left with the old one alone, and none waits for it still.
        assert archive(report, tmp_path, month(2017, 12)).state == "done"

    def test_only_customers_of_one_system_can_be_one(self, shop, report):
        synced(shop.dsn, report)
        with pytest.raises(BadQuery):
            merge(report, 1, 10**6)
        with pytest.raises(BadQuery):
            merge(report, 1, 1)
