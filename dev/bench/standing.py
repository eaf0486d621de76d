"""How long it takes to tell where a customer stands."""

import os
import statistics
import time
from contextlib import closing

from core.database import connect
from core.standing import reading
from core.standing.question import Question
from core.standing.records import Customer

from . import history
from .first_load import load_history

CUSTOMERS = int(os.environ.get("CUSTOMERS", "200"))
# The best of so many reads of a customer counts: the machine may be busy.
ROUNDS = int(os.environ.get("ROUNDS", "5"))
# The busiest households, with so many times the rows of the ledger and orders.
BUSIEST, TIMES = 20, 10
# How their rows are told from the original ones.
APART = 10**12
MULTIPLY = """
    WITH busiest AS (
        SELECT customer_key FROM point_analytics_data
        GROUP BY 1 ORDER BY count(*) DESC LIMIT %(busiest)s)
    INSERT INTO {table} ({columns})
    SELECT {values} FROM {table} r
    JOIN busiest USING (customer_key), generate_series(1, %(times)s - 1) AS n
"""
SHIFTED = {
    "order_key": "r.order_key + n * %(apart)s",
    "transaction_date": "r.transaction_date + n * interval '7 seconds'",
}
TABLES = ("customer_order_data", "point_analytics_data")
ROWS = """
    SELECT c.id, c.source, c.external_id, c.partner_id, count(*)
    FROM loyalty_reporting_customer c
    JOIN point_analytics_data r ON r.customer_key = c.id
    GROUP BY c.id ORDER BY count(*) DESC
"""


def main():
    """Milliseconds of SQL, p50 and p95, of customers of the history and of busy ones."""
    history.build_engine()
    dsn = history.reporting("bench_standing")
    load_history(dsn)
    with closing(connect(dsn)) as connection:
        with connection, connection.cursor() as cr:
            _multiply(cr)
        connection.autocommit = True
        with connection.cursor() as cr:
            cr.execute("VACUUM ANALYZE")
            cr.execute(ROWS)
            found = cr.fetchall()
        connection.autocommit = False
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        _measure(connection, "busy", found[:BUSIEST])
        rest = found[BUSIEST:]
        _measure(connection, "of the history", rest[:: max(1, len(rest) // CUSTOMERS)])


def _multiply(cr):
    for table in TABLES:
        cr.execute(f"SELECT * FROM {table} LIMIT 0")
        names = [column.name for column in cr.description]
        values = (SHIFTED.get(name, f"r.{name}") for name in names)
        cr.execute(
            MULTIPLY.format(
                table=table, columns=", ".join(names), values=", ".join(values)
            ),
            {"busiest": BUSIEST, "times": TIMES, "apart": APART},
        )


class _Timed:
    """A cursor that remembers how long its statements took."""

    def __init__(self, cr):
        self._cr, self.seconds = cr, 0.0

    def execute(self, *asked):
        started = time.perf_counter()
        self._cr.execute(*asked)
        self.seconds += time.perf_counter() - started

    def fetchall(self):
        return self._cr.fetchall()


def _measure(connection, what, found):
    best = [
        min(_read(connection, Customer(*customer)) for _round in range(ROUNDS))
        for *customer, _rows in found
    ]
    rows = statistics.mean(rows for *_customer, rows in found)
    sql, whole = zip(*best, strict=True)
    print(
        f"{what:16} {len(found):4} customers, {rows:6,.0f} rows of points each:"
        f"  SQL {_cuts(sql)}   with Python {_cuts(whole)}",
        flush=True,
    )


def _read(connection, customer):
    """Return the seconds of a read (in SQL, in all)."""
    with connection, connection.cursor() as cr:
        timed, started = _Timed(cr), time.perf_counter()
        at = reading.clock(timed, AT, history.COMPANY.timezone)
        reading.standing(timed, [customer], history.COMPANY, at)
        return timed.seconds, time.perf_counter() - started


AT = Question(by="partner_id", id=1)


def _cuts(seconds):
    cuts = statistics.quantiles(seconds, n=20)
    return f"p50 {cuts[9] * 1000:5.1f} ms, p95 {cuts[18] * 1000:5.1f} ms"
