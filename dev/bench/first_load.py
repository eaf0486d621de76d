"""First load of the full history beside a bare INSERT … SELECT of the same rows."""

import time
from contextlib import closing

from core import sync
from core.database import connect
from core.stores import push

from . import history

ROUNDS = int(__import__("os").environ.get("ROUNDS", 3))
DETAIL = "promotion_report_detail_data"
# The baseline's table: the detail's columns, primary key and three indexes.
COPY = f"""
    DROP TABLE IF EXISTS bare;
    CREATE TABLE bare (LIKE {DETAIL} INCLUDING DEFAULTS INCLUDING INDEXES)
"""


def main():
    """Seconds and ratios of the first load; the best of three rounds counts."""
    history.build_engine()
    bare, load, total = [], [], []
    for _round in range(ROUNDS):
        dsn, settings = history.reporting(), history.settings()
        seconds, counts = load_history(dsn)
        load.append(seconds)
        total.append(seconds + _timed(lambda d=dsn, s=settings: _push(s, d)))
        bare.append(_bare(dsn))
    rows = counts.rows_read
    _say("bare INSERT … SELECT", min(bare), min(bare), rows)
    _say("engine → detail + rollups", min(load), min(bare), rows)
    _say("the same + ClickHouse", min(total), min(bare), rows)


def _say(what, seconds, bare, rows):
    print(
        f"{what:28} {seconds:6.2f} s  {rows / seconds:9,.0f} rows/s"
        f"  {seconds / bare:5.2f} × the bare insert",
        flush=True,
    )


def load_history(dsn):
    """Load the history into an empty database. Returns (seconds, counts)."""
    source = history.source()
    started = time.perf_counter()
    result = sync.run(
        source,
        dsn,
        source_name="engine",
        companies=[history.COMPANY],
        mapping={1: history.COMPANY.id},
    )
    if result.state != "done":
        raise SystemExit(result.message)
    return time.perf_counter() - started, result.counts


def _push(settings, dsn):
    result = push.push(settings, dsn)
    if result.state != "done":
        raise SystemExit(result.message)


def _bare(dsn):
    with closing(connect(dsn)) as connection, connection.cursor() as cr:
        cr.execute(COPY)
        connection.commit()

        def insert():
            cr.execute(f"INSERT INTO bare SELECT * FROM {DETAIL}")
            connection.commit()

        return _timed(insert)


def _timed(action):
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
