"""Export jobs without Odoo: the columns that a run uses, and a run as Odoo starts it.

The columns are those of the model ``loyalty.reporting.export.job``, whose own tests run
the same statements on Odoo's table.
"""

from contextlib import closing, contextmanager

import databases
from asking import asked_of
from copies import fresh_cursor

from core.database import connect
from core.exports import job
from core.exports.folder import Folder
from core.exports.jobs import Jobs
from core.queries import export
from core.settings import Settings

# Rows enough that a file takes a while.
SLUG, PERIOD = "points/transactions", ("2017-09-01", "2018-12-31")
_TABLE = """
    CREATE TABLE loyalty_reporting_export_job (
        id serial PRIMARY KEY, file_format varchar, state varchar DEFAULT 'queued',
        attempts integer DEFAULT 0, rows integer DEFAULT 0, total integer,
        bytes float8, message varchar, file_name varchar, started_at timestamp,
        finished_at timestamp, expires_at timestamp)"""


@contextmanager
def export_jobs(report):
    """A table of jobs in a reporting database, which is dropped at the end."""
    databases.execute(report, _TABLE)
    try:
        yield
    finally:
        databases.execute(report, "DROP TABLE loyalty_reporting_export_job")


def asked(report, file_format="csv"):
    """Ask for an export of all points; returns the job's number."""
    databases.execute(
        report,
        "INSERT INTO loyalty_reporting_export_job (file_format) VALUES (%s)",
        [file_format],
    )
    return databases.value(report, "SELECT max(id) FROM loyalty_reporting_export_job")


def told(report, number):
    """The job as its row says it is."""
    [row] = databases.dicts(
        report,
        "SELECT * FROM loyalty_reporting_export_job WHERE id = %s",
        [number],
    )
    return row


def run_next(report, path):
    """Do the next job; returns how it ended."""
    formats = dict(
        databases.rows(
            report, "SELECT id, file_format FROM loyalty_reporting_export_job"
        )
    )

    def prepare(number):
        query = asked_of(SLUG, *PERIOD, per_page="100")
        with fresh_cursor(report) as cr:
            opening = export.exported(
                query, cr, Settings(), lambda: fresh_cursor(report)
            )
        return job.Work(query, opening, formats[number], 600)

    return job.run_next(Jobs(lambda: _committed(report)), Folder(path), prepare, days=7)


@contextmanager
def _committed(report):
    with (
        closing(connect(report)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        yield cursor
