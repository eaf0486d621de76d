"""Questions about what is archived: refused, never answered by half of it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..errors import BadQuery
from ..retention.policy import Tier
from ..retention.tables import TABLES
from ..stores.archived import AGGREGATES, away
from ..stores.partitions import following
from . import postgres
from .plan import levels_of, read_of

_RESTORE = "or let an administrator restore the months."


def require_here(query, cr):
    """Make sure that a listing's rows of the whole period are here.

    :raise BadQuery: those of some months are in an archive alone
    """
    months = away(cr)
    zone = ZoneInfo(query.company.timezone)
    missing = _missing(months, query.date_from, query.date_to, zone)
    if missing:
        since = _first_day(following(months[-1]), zone)
        raise BadQuery(
            "date_from",
            f"{query.report.title} {_between(missing)} are archived: rows are here from "
            f"{since} on. Ask from then on, {_RESTORE} Reports that add up go further "
            "back.",
        )


def require_aggregates_here(query, cr):
    """Make sure that all is here that a report adds up, of all its periods and totals.

    The days of programs, memberships and points always are: what they can answer is
    answered for whatever period.

    :raise BadQuery: some months of what has more are in an archive alone
    """
    months = away(cr, AGGREGATES)
    if not months:
        return
    zone = ZoneInfo(query.company.timezone)
    asked = [query, query.total] if query.with_totals else [query]
    for facts, first, last in (r for q in asked for r in read_of(q, postgres.STORE)):
        if facts.table not in TABLES[Tier.AGGREGATE]:
            continue
        missing = (
            _missing(months, first, last, zone)
            if facts.is_by_instant
            else [m for m in months if m <= last and following(m) > first]
        )
        if missing:
            since = following(months[-1])
            since = _first_day(since, zone) if facts.is_by_instant else since
            is_before = query.compare and last < query.date_from
            raise BadQuery(
                "compare" if is_before else "date_from",
                f"{query.report.title} {_between(missing)} is archived but for sums by "
                f"day: what needs orders, hours, shops, cards or customers is here from "
                f"{since} on. Ask from then on, ask for less, {_RESTORE}",
            )


def is_begun_here(query, cr):
    """Tell whether PostgreSQL alone has the beginning of what a question adds up."""
    has_past = any(facts.changes for facts in query.report.facts)
    return bool(has_past and levels_of(query) and away(cr, AGGREGATES))


def _missing(months, first, last, zone):
    """Return those of some months with instants of business days."""
    begin, end = _instant(first, zone), _instant(last + timedelta(days=1), zone)
    return [m for m in months if _utc(m) < end and _utc(following(m)) > begin]


def _between(months):
    first, last = f"{months[0]:%B %Y}", f"{months[-1]:%B %Y}"
    return f"from {first} to {last}"


def _utc(day):
    return datetime.combine(day, time(), UTC)


def _instant(day, zone):
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _first_day(month, zone):
    """Return the first business day that begins in a UTC month or later."""
    return month if _instant(month, zone) >= _utc(month) else month + timedelta(days=1)
