"""Apply the schema files that a database has not seen yet, in their order."""

from ..database import CORE
from . import materialized

SCHEMA = CORE / "stores" / "schema"
# No load runs beside a file, and none that this transaction's snapshot does not show has
# been: rows that a file moves would be lost. Such a load makes the second statement fail,
# and all stays as it was.
_ALONE = """
    LOCK TABLE fact_load IN EXCLUSIVE MODE;
    UPDATE fact_load SET load_id = load_id"""


def migrate(cr):
    """Bring the PostgreSQL schema up to date; does nothing when it is.

    The numbered files first, then the materialized views that are missing or changed.

    :param cr: a cursor of psycopg2 or of Odoo

    Runs in the caller's transaction: a failing file leaves the database as it was.

    :return: names of the files applied
    """
    cr.execute(
        "SELECT pg_advisory_xact_lock(hashtext('loyalty_reporting_schema'));"
        "CREATE TABLE IF NOT EXISTS loyalty_reporting_schema ("
        " name text PRIMARY KEY,"
        " applied_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'))"
    )
    cr.execute("SELECT name FROM loyalty_reporting_schema")
    applied = {name for (name,) in cr.fetchall()}
    missing = [f for f in files("postgres") if f.name not in applied]
    if applied and missing:
        cr.execute(_ALONE)
    for file in missing:
        cr.execute(file.read_text(encoding="utf-8"))
        cr.execute(
            "INSERT INTO loyalty_reporting_schema (name) VALUES (%s)", [file.name]
        )
    for name in materialized.VIEWS:
        materialized.ensure(cr, name)
    return [f.name for f in missing]


def files(store):
    """Return a store's schema files, oldest first."""
    return sorted((SCHEMA / store).glob("[0-9]*.sql"))
