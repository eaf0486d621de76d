"""Whose files a location holds, and the generations of a month's files in it.

One generation is current: its files lie where readers of whole folders look. Others are put
aside into ``former/``: those that a newer one took the place of, until their time is over,
and those of which this database knows nothing (it was restored from a backup, or the addon
was installed anew), for good. Nothing is removed that another database may need.
"""

import logging

from ..errors import ConfigurationError
from ..stores.reporting import explained, transaction
from . import archive, months
from .files import FORMER, Location
from .tables import TABLES

# Says whose archives a location holds.
OWNER = "owner.json"
# The control file tells the timeline of the last checkpoint: too old after a promotion.
_SELF = """
    SELECT s.system_identifier || '/' || current_database(),
        ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer
    FROM pg_control_system() s
"""
_ASIDE = f"{FORMER}/"
_logger = logging.getLogger(__name__)


def claim(cr, location):
    """Make a location this database's own: two would remove each other's files.

    A copy of the whole server that was promoted has another timeline.

    :raise ConfigurationError: it is another one's
    """
    owner, own = _owner(location), _self(cr)
    if owner is None or owner != own and _is_same(owner, own):
        location.write_json(OWNER, own)
    elif owner != own:
        raise ConfigurationError(
            f"The archives at {location.address} are those of another database "
            f"({owner['database']}, timeline {owner['timeline']}). Choose a folder of its "
            "own. If that database is this one, moved to another server or promoted, take "
            "them over: odoo-bin loyalty_archive claim."
        )


def take_over(dsn, address):
    """Make a location this database's own, whosever it is."""
    with transaction(dsn) as cr:
        Location(address).write_json(OWNER, _self(cr))


def is_own(cr, location):
    """Tell whether a location is this database's, so that it may remove files there."""
    owner = _owner(location)
    return owner is not None and _is_same(owner, _self(cr))


def _is_same(owner, own):
    """Tell whether a location's owner is this database; the first ones named no timeline."""
    return owner in (own, {**own, "timeline": None})


def _owner(location):
    if OWNER not in location.listed(""):
        return None
    return {"timeline": None, **location.read_json(OWNER)}


def _self(cr):
    cr.execute(_SELF)
    database, timeline = cr.fetchone()
    return {"database": database, "timeline": timeline}


def next_number(location, tier, month):
    """Return the number of a month's next generation; none was ever of that number."""
    here, aside = _found(location, tier, month), _found(location, tier, month, _ASIDE)
    return max({*here, *aside}, default=0) + 1


def tidy(location, tier, month, current, writer):
    """Leave a month's current generation alone where it is; the location is ours.

    What has no manifest, or that of a writer of ours that was not noted as whole, is
    removed; other whole generations are put aside.

    :param current: the manifest, or None
    :param writer: whose generation is not noted as whole, or None
    """
    stays = archive.paths_of(current) if current else set()
    for number, found in _found(location, tier, month).items():
        paths = found - stays
        path = archive.manifest_path(tier, month, number)
        is_whole = path in paths
        if is_whole and writer and location.read_json(path).get("writer") == writer:
            # The manifest first, so that no half of it seems whole.
            location.remove(path)
            is_whole = False
        # The manifest last, so that the rest follows if this process dies.
        for other in sorted(paths, key=path.__eq__):
            if is_whole:
                location.put_aside(other)
            else:
                location.remove(other)


def clear(cr, known):
    """Remove what a writer of ours left of a month of which nothing was ever whole."""
    location = Location(known.location)
    if is_own(cr, location):
        tidy(location, known.tier, known.month, None, known.writer)


def unknown(location, tier, month, manifests):
    """Return the paths of a month's files that none of these manifests names."""
    known = {path for manifest in manifests for path in archive.paths_of(manifest)}
    return sorted(
        path
        for under in ("", _ASIDE)
        for paths in _found(location, tier, month, under).values()
        for path in paths
        if path.removeprefix(_ASIDE) not in known
    )


def _found(location, tier, month, under=""):
    """Return {number: paths} of a month's files.

    :param under: of those that were put aside: :data:`_ASIDE`
    """
    found = {}
    starts = [archive.start_of(table, month) for table in TABLES[tier]]
    for name in (*starts, archive.start_of_manifests(tier, month)):
        start = under + name
        for path in location.listed(start.rpartition("/")[0]):
            number = path.removeprefix(start).partition(".")[0]
            if path.startswith(start) and number.isdecimal():
                found.setdefault(int(number), set()).add(path)
    return found


def forget(connection, tier=None, month=None, *, days=0):
    """Remove former generations, and what is known of them, one after the other.

    In a location that is another database's, or none's, they stay, and are remembered:
    this one may be its owner again.

    :param tier: of one month of a tier; None: of all
    :param days: for so long they stay; those of expired months go at once
    :raise StoreError: one cannot be removed; it is remembered
    """
    with explained(), connection, connection.cursor() as cr:
        found = months.former(cr, tier, month, days)
    for number, address, manifest in found:
        with explained(), connection, connection.cursor() as cr:
            location = Location(address)
            if is_own(cr, location):
                archive.remove(location, manifest)
                months.drop_former(cr, number)
            else:
                _logger.warning(
                    "The archive of %s stays at %s: this database does not own it.",
                    manifest["month"],
                    address,
                )
