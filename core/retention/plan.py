"""What would go now, and how large it is; nothing is changed."""

from dataclasses import dataclass
from datetime import date

from ..database import sql
from . import months
from .months import State
from .policy import Tier, days_kept, due, keepers
from .tables import months as months_here
from .tables import partitions_of

# For so long a month stays that was restored to be read.
DAYS_RESTORED = 7


@dataclass(frozen=True)
class Step:
    """What is due of a month.

    :ivar tier: what it is due of: its detail or its aggregates are archived, or archives
        removed
    :ivar of: the tier whose archive is removed, or the same
    :ivar tables: {table: (rows, bytes)}
    :ivar is_long: its rows are to be written and read back first, which takes its time
    """

    month: date
    tier: Tier
    tables: dict
    of: Tier
    is_long: bool = False

    @property
    def rows(self):
        """Return how many rows go."""
        return sum(rows for rows, _size in self.tables.values())

    @property
    def bytes(self):
        """Return how many bytes they take up, with their indexes."""
        return sum(size for _rows, size in self.tables.values())


def plan(cr, policies, today):
    """Return the :class:`Step` records that are due: what is begun, then the oldest month.

    What failed before comes last.

    Of detail first: aggregates go after the detail that they follow from.

    :param policies: the active :class:`~core.retention.policy.Policy` records
    :param today: the day (UTC) that decides
    """
    companies = _reporting(cr)
    known = months.known(cr)

    def due_of(tier, found):
        return due(found, days_kept(policies, tier, companies), today)

    expired = due_of(Tier.ARCHIVE, {m.month for m in known if _is_archived(m)})
    # What is amid its way out goes first, whatever the policies say by now: nobody can read
    # it, and no other can be detached beside it.
    detail = _begun(known, Tier.DETAIL)
    detail += due_of(Tier.DETAIL, _staying(cr, Tier.DETAIL, known, today))
    here = {*months.detail_here(cr)} - {*detail}
    aggregates = _begun(known, Tier.AGGREGATE) + [
        month
        for month in due_of(Tier.AGGREGATE, _staying(cr, Tier.AGGREGATE, known, today))
        if months.is_past(cr, month, detail) and not months.is_needed(month, here)
    ]
    steps = [
        *(
            Step(m.month, Tier.ARCHIVE, _files(cr, m.tier, m.month), m.tier)
            for m in known
            if _is_archived(m) and m.month in expired
        ),
        *(_step(cr, Tier.DETAIL, month, known) for month in detail),
        *(_step(cr, Tier.AGGREGATE, month, known) for month in aggregates),
    ]
    # What went wrong the last time must not take the time of all others again.
    cr.execute(
        "SELECT month, tier FROM loyalty_reporting_archive WHERE problem IS NOT NULL"
    )
    failed = {*cr.fetchall()}
    return sorted(steps, key=lambda s: s.is_long and (s.month, s.tier) in failed)


def held(cr, policies):
    """Return {tier: the companies without a policy of it that keep all months here}."""
    companies = _reporting(cr)
    found = {tier: keepers(policies, tier, companies) for tier in Tier}
    return {tier: by for tier, by in found.items() if by}


def _reporting(cr):
    cr.execute(sql("retention/sql/reporting.sql"))
    return [company for (company,) in cr.fetchall()]


def _is_archived(known):
    return known.state == State.ARCHIVED


def _staying(cr, tier, known, today):
    """Return the months of a tier that are here, and may go when they are due."""
    stay = {
        m.month for m in known if m.tier == tier and (m.is_away or _is_read(m, today))
    }
    return {*months_here(cr, tier)} - stay


def _begun(known, tier):
    """Return the months of a tier that are amid their way out: written, and frozen."""
    return [m.month for m in known if m.tier == tier and m.state == State.LEAVING]


def _step(cr, tier, month, known):
    is_long = month not in _begun(known, tier)
    return Step(month, tier, _partitions(cr, tier, month), tier, is_long)


def _is_read(known, today):
    """Tell whether a month was restored a short while ago, and nothing changed in it."""
    if known.state != State.RESTORED or known.is_changed:
        return False
    return 0 <= (today - known.restored_at.date()).days < DAYS_RESTORED


def _partitions(cr, tier, month):
    found = {}
    for table, partition in partitions_of(cr, tier, month).items():
        cr.execute(
            f"SELECT count(*), pg_total_relation_size('{partition}') FROM {partition}"
        )
        found[table] = cr.fetchone()
    return found


def _files(cr, tier, month):
    cr.execute(
        "SELECT f.table_name, f.rows, f.bytes FROM loyalty_reporting_archive_file f"
        " JOIN loyalty_reporting_archive a ON a.id = f.archive_id WHERE a.month = %s"
        " AND a.tier = %s",
        [month, tier],
    )
    return {table: (rows, size) for table, rows, size in cr.fetchall()}
