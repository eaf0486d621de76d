"""Questions about detail that is archived: refused, never answered by half of it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..errors import BadQuery
from ..stores.archived import away
from ..stores.partitions import following


def require_here(query, cr):
    """Make sure that a listing's rows of the whole period are here.

    :raise BadQuery: those of some months are in an archive alone
    """
    zone = ZoneInfo(query.company.timezone)
    begin = _instant(query.date_from, zone)
    end = _instant(query.date_to + timedelta(days=1), zone)
    months = away(cr)
    missing = [m for m in months if _utc(m) < end and _utc(following(m)) > begin]
    if missing:
        since = _first_day(following(months[-1]), zone)
        raise BadQuery(
            "date_from",
            f"{query.report.title} from {missing[0]:%B %Y} to {missing[-1]:%B %Y} are "
            f"archived: rows are here from {since} on. Ask from then on, or let an "
            "administrator restore the months. Reports that add up are not concerned.",
        )


def _utc(day):
    return datetime.combine(day, time(), UTC)


def _instant(day, zone):
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _first_day(month, zone):
    """Return the first business day that begins in a UTC month or later."""
    return month if _instant(month, zone) >= _utc(month) else month + timedelta(days=1)
