"""Bringing a month back: its rows are here again, and may change."""

from contextlib import closing

from ..errors import ConfigurationError, ReportingError
from ..stores import loads, locks, partitions, summary
from ..stores.postgres import POINT
from ..stores.reporting import connect, explained
from . import archive, copy, leaving, months
from .archive import Damaged
from .files import Location, Unusable
from .months import State
from .policy import Tier
from .tables import columns_of, facts_of

LOCK = "retention"
_UNPLACED = "_back"
# As schema/postgres/033_never_expires.sql: files may be older than it.
_NEVER_EXPIRES = """
    UPDATE {} SET expires_at = NULL
    WHERE expires_at < '1900-01-01' OR expires_at >= '9000-01-01'
"""


class Unrestorable(ReportingError):
    """A month is in no archive that can be read."""


def restore(dsn, month, seconds=300):
    """Bring a month's rows back from its files; nothing to do where they are here.

    :param seconds: to wait for who archives or restores now
    :raise Unrestorable: the files are missing, damaged or expired
    :raise Busy: somebody is at it still
    """
    with locks.held(dsn, LOCK, seconds):
        restore_held(dsn, month)


def restore_held(dsn, month):
    """The same, for who holds the lock.

    Aggregates come before the detail that they follow from, as they leave after it.
    """
    with closing(connect(dsn, "loyalty_reporting restore")) as connection:
        for tier in (Tier.AGGREGATE, Tier.DETAIL):
            _restore(dsn, connection, tier, month)


def _restore(dsn, connection, tier, month):
    with explained(), connection, connection.cursor() as cr:
        found = months.known(cr, tier, month)
    if not found or not found[0].is_away:
        return
    [known] = found
    if known.state == State.LEAVING:
        leaving.leave(dsn, tier, month, known.location)
    if known.state == State.EXPIRED:
        raise Unrestorable(f"The archive of {month:%B %Y} has expired.")
    try:
        with explained(), connection, connection.cursor() as cr:
            place(cr, Location(known.location), known.manifest)
            if tier == Tier.AGGREGATE:
                _take_back(cr, month)
            months.mark(cr, tier, month, State.RESTORED)
            cr.execute(
                "UPDATE loyalty_reporting_archive SET is_changed = false"
                " WHERE month = %s AND tier = %s",
                [month, tier],
            )
    except (Damaged, Unusable, ConfigurationError) as e:
        with explained(), connection, connection.cursor() as cr:
            months.blame(cr, tier, month, str(e))
        raise Unrestorable(
            f"{month:%B %Y} cannot be restored: {e} Put its files back to "
            f"{known.location}, and restore the month."
        ) from e


def _take_back(cr, month):
    """Forget what was kept of a month's aggregates: they are here again."""
    summary.thaw(cr, month)
    for table in ("card_month", "customer_month"):
        cr.execute(f"DELETE FROM {table} WHERE month = %s", [month])
    copy.note(cr, month)


def place(cr, location, manifest):
    """Make partitions of what a manifest's files hold, in the caller's transaction.

    What is read is compared with the manifest before it is attached. The load lock is
    taken only then.

    :raise Damaged: a file is not what the manifest says
    """
    month = archive.month_of(manifest)
    names = {}
    for table, told in manifest["tables"].items():
        name = partitions.create(cr, table, month, _UNPLACED)
        archive.read(cr, location, told, name)
        kept = columns_of(cr, name)
        columns = {n: kind for n, kind in told["columns"] if n in kept}
        if len(columns) == len(told["columns"]):
            archive.compare(told, facts_of(cr, name, columns))
        if table == POINT:
            cr.execute(_NEVER_EXPIRES.format(name))
        partitions.index(cr, table, name)
        names[table] = name
    loads.lock(cr)
    for table in names:
        partitions.rename(cr, table, month, _UNPLACED)
        partitions.attach(cr, table, month)
