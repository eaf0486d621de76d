"""What the database knows of archived months: their states, manifests and files."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from psycopg2.extras import Json

from ..stores import partitions
from . import tables
from .policy import Tier


class State(StrEnum):
    """How far a month of a tier is on its way; each is explained in 020_retention.sql."""

    WRITING = "writing"
    VERIFIED = "verified"
    LEAVING = "leaving"
    ARCHIVED = "archived"
    RESTORED = "restored"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Month:
    """A month that was archived, or is being archived.

    :ivar is_away: no rows of it are here, and no load may write to it
    :ivar manifest: of the newest whole generation; None before the first
    :ivar writer: whose generation was begun, and is not noted as whole
    """

    month: date
    tier: Tier
    state: State
    generation: int
    is_changed: bool
    is_away: bool
    location: str
    manifest: dict | None
    restored_at: datetime | None
    writer: str | None


def known(cr, tier=None, month=None):
    """Return the :class:`Month` records, the oldest first."""
    cr.execute(
        "SELECT month, tier, state, generation, is_changed, is_away, location, manifest,"
        " restored_at, writer::text FROM loyalty_reporting_archive"
        " WHERE (%(month)s::date IS NULL OR month = %(month)s)"
        " AND (%(tier)s::text IS NULL OR tier = %(tier)s) ORDER BY month, tier",
        {"tier": tier, "month": month},
    )
    return [
        Month(month, Tier(tier), State(state), *rest)
        for month, tier, state, *rest in cr.fetchall()
    ]


def begin(cr, tier, month, location):
    """Note that a month is being written from now on; called under the load lock."""
    cr.execute(
        "INSERT INTO loyalty_reporting_archive AS a (month, tier, state, location, writer)"
        " VALUES (%s, %s, 'writing', %s, gen_random_uuid())"
        " ON CONFLICT (month, tier) DO UPDATE SET state = 'writing', is_changed = false,"
        " problem = NULL, writer = coalesce(a.writer, excluded.writer)",
        [month, tier, location],
    )


def mark(cr, tier, month, state, problem=None):
    """Note how far a month is."""
    cr.execute(
        "UPDATE loyalty_reporting_archive SET state = %s, problem = %s,"
        " archived_at = CASE WHEN %s = 'archived' THEN now() AT TIME ZONE 'UTC'"
        " ELSE archived_at END,"
        " restored_at = CASE WHEN %s = 'restored' THEN now() AT TIME ZONE 'UTC'"
        " ELSE restored_at END WHERE month = %s AND tier = %s",
        [state, problem, state, state, month, tier],
    )


def expire(cr, tier, month):
    """Note that a month's files are no more; those that are there are former ones."""
    _supersede(cr, tier, month)
    mark(cr, tier, month, State.EXPIRED)
    cr.execute(
        "DELETE FROM loyalty_reporting_archive_file f USING loyalty_reporting_archive a"
        " WHERE a.id = f.archive_id AND a.month = %s AND a.tier = %s",
        [month, tier],
    )


def blame(cr, tier, month, problem):
    """Note what went wrong with a month."""
    cr.execute(
        "UPDATE loyalty_reporting_archive SET problem = %s WHERE month = %s AND tier = %s",
        [problem, month, tier],
    )


def save(cr, tier, month, location, manifest):
    """Note the files of a generation that is whole and verified; the former one, too."""
    _supersede(cr, tier, month, manifest["generation"])
    cr.execute(
        "UPDATE loyalty_reporting_archive SET state = 'verified', problem = NULL,"
        " generation = %s, location = %s, manifest = %s, writer = NULL"
        " WHERE month = %s AND tier = %s RETURNING id",
        [manifest["generation"], location, Json(manifest), month, tier],
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


def _supersede(cr, tier, month, generation=None):
    """Make a former generation of the one that is known, unless it is that generation."""
    cr.execute(
        "INSERT INTO loyalty_reporting_archive_former (archive_id, location, manifest)"
        " SELECT id, location, manifest FROM loyalty_reporting_archive"
        " WHERE month = %s AND tier = %s AND manifest IS NOT NULL AND state <> 'expired'"
        " AND generation IS DISTINCT FROM %s",
        [month, tier, generation],
    )


def former(cr, tier=None, month=None, days=0):
    """Return (id, location, manifest) of former generations that were not removed yet.

    :param tier: of one month of a tier; None: of all
    :param days: so old at least, or of a month that expired
    """
    cr.execute(
        "SELECT f.id, f.location, f.manifest FROM loyalty_reporting_archive_former f"
        " JOIN loyalty_reporting_archive a ON a.id = f.archive_id"
        " WHERE (%(tier)s::text IS NULL OR a.tier = %(tier)s AND a.month = %(month)s)"
        " AND (f.superseded_at <= now() AT TIME ZONE 'UTC' - %(days)s * interval '1 day'"
        " OR a.state = 'expired')"
        " ORDER BY f.id",
        {"tier": tier, "month": month, "days": days},
    )
    return cr.fetchall()


def locations(cr):
    """Return the addresses at which files of ours lie, or lay."""
    cr.execute(
        "SELECT location FROM loyalty_reporting_archive UNION"
        " SELECT location FROM loyalty_reporting_archive_former"
    )
    return {location for (location,) in cr.fetchall() if location}


def drop_former(cr, number):
    """Forget a former generation whose files are removed."""
    cr.execute("DELETE FROM loyalty_reporting_archive_former WHERE id = %s", [number])


def follows_from_nothing_here(cr, month):
    """Tell whether all detail is away that a month's aggregates, or earlier ones, follow from.

    They may go then: what is loaded later for such a month brings both back.
    """
    return is_past(cr, month) and not is_needed(month, detail_here(cr))


def is_needed(month, here):
    """Tell whether a month's aggregates stand beside detail that is here.

    Its last business day may end in the month after.
    """
    return any(other <= partitions.following(month) for other in here)


def is_past(cr, month, leaving=()):
    """Tell whether how cards stood at a month's end is kept.

    :param leaving: months whose detail leaves before, which keeps that
    """
    end = partitions.following(month)
    if any(partitions.following(other) >= end for other in leaving):
        return True
    cr.execute("SELECT instant >= %s FROM card_horizon", [end])
    return cr.fetchone()[0]


def detail_here(cr):
    """Return the months whose detail is here, or on its way out."""
    gone = {
        m.month
        for m in known(cr, Tier.DETAIL)
        if m.is_away and m.state != State.LEAVING
    }
    return [month for month in tables.months(cr, Tier.DETAIL) if month not in gone]
