"""What the database knows of archived months: their states, manifests and files."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from psycopg2.extras import Json


class State(StrEnum):
    """How far a month is on its way; what each means is in 020_retention.sql."""

    WRITING = "writing"
    VERIFIED = "verified"
    LEAVING = "leaving"
    ARCHIVED = "archived"
    RESTORED = "restored"
    EXPIRED = "expired"


# Rows of these months are not here; no load may write to them.
AWAY = (State.LEAVING, State.ARCHIVED, State.EXPIRED)


@dataclass(frozen=True)
class Month:
    """A month that was archived, or is being archived.

    :ivar manifest: of the newest whole generation; None before the first
    """

    month: date
    state: State
    generation: int
    is_changed: bool
    location: str
    manifest: dict | None
    restored_at: datetime | None


def known(cr, month=None):
    """Return the :class:`Month` records, the oldest first."""
    cr.execute(
        "SELECT month, state, generation, is_changed, location, manifest,"
        " restored_at"
        " FROM loyalty_reporting_archive WHERE %(month)s::date IS NULL OR month = %(month)s"
        " ORDER BY month",
        {"month": month},
    )
    return [Month(row[0], State(row[1]), *row[2:]) for row in cr.fetchall()]


def begin(cr, month, location):
    """Note that a month is being written from now on; called under the load lock."""
    cr.execute(
        "INSERT INTO loyalty_reporting_archive (month, state, location)"
        " VALUES (%s, 'writing', %s) ON CONFLICT (month) DO UPDATE"
        " SET state = 'writing', is_changed = false, problem = NULL",
        [month, location],
    )


def mark(cr, month, state, problem=None):
    """Note how far a month is."""
    cr.execute(
        "UPDATE loyalty_reporting_archive SET state = %s, problem = %s,"
        " archived_at = CASE WHEN %s = 'archived' THEN now() AT TIME ZONE 'UTC'"
        " ELSE archived_at END,"
        " restored_at = CASE WHEN %s = 'restored' THEN now() AT TIME ZONE 'UTC'"
        " ELSE restored_at END WHERE month = %s",
        [state, problem, state, state, month],
    )


def expire(cr, month):
    """Note that a month's files are removed."""
    mark(cr, month, State.EXPIRED)
    cr.execute(
        "DELETE FROM loyalty_reporting_archive_file f USING loyalty_reporting_archive a"
        " WHERE a.id = f.archive_id AND a.month = %s",
        [month],
    )


def blame(cr, month, problem):
    """Note what went wrong with a month."""
    cr.execute(
        "UPDATE loyalty_reporting_archive SET problem = %s WHERE month = %s",
        [problem, month],
    )


def save(cr, month, location, manifest):
    """Note the files of a generation that is whole and verified."""
    cr.execute(
        "UPDATE loyalty_reporting_archive SET state = 'verified', problem = NULL,"
        " generation = %s, location = %s, manifest = %s WHERE month = %s RETURNING id",
        [manifest["generation"], location, Json(manifest), month],
    )
    [archive_id] = cr.fetchone()
    cr.execute(
        "DELETE FROM loyalty_reporting_archive_file WHERE archive_id = %s", [archive_id]
    )
    for table, told in manifest["tables"].items():
        cr.execute(
            "INSERT INTO loyalty_reporting_archive_file (archive_id, table_name,"
            " generation, path, rows, bytes, sha256) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                archive_id, table, manifest["generation"], told["file"], told["rows"],
                told["bytes"], told["sha256"],
            ],
        )  # fmt: skip


def forget(cr, month):
    """Forget a month of which there is no archive."""
    cr.execute("DELETE FROM loyalty_reporting_archive WHERE month = %s", [month])
