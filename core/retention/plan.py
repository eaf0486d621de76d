"""What would go now, and how large it is; nothing is changed."""

from dataclasses import dataclass
from datetime import date

from . import months
from .policy import Tier, days_kept, due
from .tables import months as months_here
from .tables import partitions_of

# For so long a month stays that was restored to be read.
DAYS_RESTORED = 7


@dataclass(frozen=True)
class Step:
    """What is due of a month.

    :ivar tier: what it is due of: its detail is archived, or its archive removed
    :ivar tables: {table: (rows, bytes)}
    """

    month: date
    tier: Tier
    tables: dict

    @property
    def rows(self):
        """Return how many rows go."""
        return sum(rows for rows, _size in self.tables.values())

    @property
    def bytes(self):
        """Return how many bytes they take up, with their indexes."""
        return sum(size for _rows, size in self.tables.values())


def plan(cr, policies, today):
    """Return the :class:`Step` records that are due, the oldest month first.

    :param policies: the active :class:`~core.retention.policy.Policy` records
    :param today: the day (UTC) that decides
    """
    cr.execute("SELECT company_id FROM loyalty_reporting_company")
    companies = [company for (company,) in cr.fetchall()]
    known = months.known(cr)
    gone = {
        m.month
        for m in known
        if m.state in (months.State.ARCHIVED, months.State.EXPIRED)
    }
    gone |= {m.month for m in known if _is_read(m, today)}
    leaving = {m.month for m in known if m.state == months.State.LEAVING}
    here = {*months_here(cr), *leaving} - gone
    detail = due(here, days_kept(policies, Tier.DETAIL, companies), today)
    kept = [m.month for m in known if m.state == months.State.ARCHIVED]
    expired = due(kept, days_kept(policies, Tier.ARCHIVE, companies), today)
    return [
        *(Step(month, Tier.ARCHIVE, _files(cr, month)) for month in expired),
        *(Step(month, Tier.DETAIL, _partitions(cr, month)) for month in detail),
    ]


def _is_read(known, today):
    """Tell whether a month was restored a short while ago, and nothing changed in it."""
    if known.state != months.State.RESTORED or known.is_changed:
        return False
    return 0 <= (today - known.restored_at.date()).days < DAYS_RESTORED


def _partitions(cr, month):
    found = {}
    for table, partition in partitions_of(cr, month).items():
        cr.execute(
            f"SELECT count(*), pg_total_relation_size('{partition}') FROM {partition}"
        )
        found[table] = cr.fetchone()
    return found


def _files(cr, month):
    cr.execute(
        "SELECT f.table_name, f.rows, f.bytes FROM loyalty_reporting_archive_file f"
        " JOIN loyalty_reporting_archive a ON a.id = f.archive_id WHERE a.month = %s",
        [month],
    )
    return {table: (rows, size) for table, rows, size in cr.fetchall()}
