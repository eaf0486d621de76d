"""What readers of figures must know of their state: which source is behind, and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..database import sql

# Jobs of the run log that read a source.
_JOBS = ["sync", "replay", "stream"]
_IS_CUTTING_REFUSED = """
    SELECT EXISTS (
        SELECT FROM loyalty_reporting_archive
        WHERE state = 'expired' OR state = 'archived' AND problem IS NOT NULL)
"""


class Kind(StrEnum):
    """What is the matter with a source."""

    FIRST = "first"  # its first load is under way
    FAILED = "failed"  # the last run failed
    LATE = "late"  # no run for too long
    BEHIND = "behind"  # a transaction at the source holds up what came after it
    PAUSED = "paused"


@dataclass(frozen=True)
class Reading:
    """How a source is read; instants are UTC.

    :param code: of the source
    :param state: of the last run; None: none yet
    :param read_at: end of the last run that succeeded
    :param lag: seconds that the oldest transaction at the source was open at the last run
    :param phase: of the place where it goes on
    """

    code: str
    state: str | None
    message: str | None
    begun_at: datetime | None
    lag: float | None
    read_at: datetime | None
    phase: str | None


@dataclass(frozen=True)
class Notice:
    """Something to know.

    :param at: the instant since or up to which it holds, if there is one
    """

    kind: Kind
    at: datetime | None = None


def readings(cr, codes):
    """Return {code: :class:`Reading`} of sources."""
    cr.execute(sql("guard/readings.sql"), {"codes": [*codes], "jobs": _JOBS})
    return {row[0]: Reading(*row) for row in cr.fetchall()}


def is_cutting_refused(cr):
    """Tell whether some archived month cannot be restored, to be cut in another zone."""
    cr.execute(_IS_CUTTING_REFUSED)
    return cr.fetchone()[0]


def notice(reading, *, is_active, seconds, now):
    """Return the :class:`Notice` of a source, or None when all is well.

    :param reading: :class:`Reading`
    :param is_active: it is to be read
    :param seconds: after which what was read last is late; 0: never
    :param now: UTC
    """
    if not is_active:
        return Notice(Kind.PAUSED, reading.read_at) if reading.read_at else None
    if reading.state == "failed":
        return Notice(Kind.FAILED, reading.read_at)
    if reading.phase == "first":
        return Notice(Kind.FIRST, reading.begun_at)
    age = (now - reading.read_at).total_seconds() if reading.read_at else 0
    if 0 < seconds < age:
        return Notice(Kind.LATE, reading.read_at)
    if 0 < seconds < (reading.lag or 0):
        return Notice(Kind.BEHIND, now - timedelta(seconds=float(reading.lag)))
    return None
