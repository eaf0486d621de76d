"""A file of a million rows: how many rows a second, in how much memory."""

import subprocess
import sys
import time
from contextlib import contextmanager

import psycopg2

from core.exports import files
from core.queries import REPORTS, export
from core.queries.params import parse
from core.records import Company
from core.settings import Settings

from . import demo
from .memory import peak
from .pages import REPOSITORY

# Copies of the ledger beside itself → formats; a workbook has no room for so many.
FORMATS = {0: (files.CSV, files.NDJSON, files.XLSX), 5: (files.CSV, files.NDJSON)}
COMPANY = Company(1, "America/New_York", "USD", 2)
PERIOD = {"date_from": "2000-01-01", "date_to": "2099-12-31"}
# Beside the ledger itself; what they write is rolled back.
COPIES = """
    INSERT INTO point_analytics_data
    SELECT (r).* FROM (
        SELECT jsonb_populate_record(d, jsonb_build_object('order_key', n * -1000000000::bigint - d.order_key)) AS r
        FROM point_analytics_data d, generate_series(1, %s) n
        WHERE d.company_id = %s
    ) q
"""


def main():
    """Rows a second and peak memory of the ledger as CSV, NDJSON and XLSX, once and six times."""
    dsn = demo.running().demo_variables()["REPORT_PG_DSN"]
    for copies, formats in FORMATS.items():
        for file_format in formats:
            command = [
                sys.executable,
                "-m",
                "dev.bench.export",
                file_format,
                str(copies),
            ]
            done = subprocess.run(
                command,
                check=True,
                stdout=subprocess.PIPE,
                cwd=REPOSITORY,
                input=dsn,
                text=True,
            )
            print(done.stdout, end="", flush=True)
    with psycopg2.connect(dsn) as connection:
        connection.rollback()
        connection.autocommit = True
        connection.cursor().execute("VACUUM point_analytics_data")


def _work(file_format, copies, dsn):
    """Write the file in this process; the copies are there for it alone."""
    connection = psycopg2.connect(dsn)
    cr = connection.cursor()
    if copies:
        cr.execute(COPIES, [copies, COMPANY.id])

    @contextmanager
    def same():
        yield cr

    query = parse(REPORTS["points/transactions"], COMPANY, PERIOD)
    begun, before = time.perf_counter(), peak()
    with (
        open("/dev/null", "wb") as sink,
        export.exported(query, cr, Settings(export_timeout=3600), same) as answer,
    ):
        counted = files.Counted()
        files.write(sink, query, counted.of(answer), file_format)
    seconds = time.perf_counter() - begun
    print(
        f"{file_format:6} {counted.count:9,} rows {seconds:6.1f} s "
        f"{counted.count / seconds:8,.0f} rows/s   peak {peak():4.0f} MiB, "
        f"{peak() - before:3.0f} MiB of them for this"
    )
    connection.rollback()


if __name__ == "__main__":
    _work(sys.argv[1], int(sys.argv[2]), sys.stdin.read())
