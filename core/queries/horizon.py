"""Questions about what is archived: refused, never answered by half of it."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from ..errors import BadQuery
from ..retention.policy import Tier
from ..retention.tables import TABLES
from ..stores.archived import AGGREGATES, away, days_of, here_since
from . import postgres
from .base import Listing
from .plan import levels_of, read_of

_RESTORE = "or let an administrator restore the months."


def look(query, cr):
    """Return what an answer depends on, of the months that are away.

    Those are the months of aggregates, where all is added up from the first: PostgreSQL
    alone keeps what is needed of them.

    :raise BadQuery: it needs some of them
    """
    if isinstance(query.report, Listing):
        require_here(query, cr)
        return []
    months = away(cr, AGGREGATES)
    _require_aggregates(query, months)
    has_past = any(facts.changes for facts in query.report.facts)
    return months if has_past and levels_of(query) else []


def require_here(query, cr):
    """Make sure that a listing's rows of the whole period are here.

    :raise BadQuery: those of some months are in an archive alone
    """
    months = away(cr)
    zone = ZoneInfo(query.company.timezone)
    missing = _missing(months, query.date_from, query.date_to, zone)
    if missing:
        since = here_since(months, [zone])
        raise BadQuery(
            "date_from",
            f"{query.report.title} {_between(missing)} are archived: rows are here from "
            f"{since} on. Ask from then on, {_RESTORE} Reports that add up go further "
            "back.",
        )


def here_from(query, months):
    """Return the first business day from which on a question can be answered as a whole.

    :param months: of which no aggregates are here
    :return: None where nothing is missing
    """
    return max((lack.since for lack in _lacks(query, months)), default=None)


def _require_aggregates(query, months):
    """Make sure that all is here that a report adds up, of all its periods and totals.

    The days of programs, memberships and points always are: what they can answer is
    answered for whatever period.
    """
    lack = next(_lacks(query, months), None)
    if lack:
        raise BadQuery(
            lack.parameter,
            f"{query.report.title} {_between(lack.months)} is archived but for sums by "
            f"day: what needs orders, hours, shops, cards or customers is here from "
            f"{lack.since} on. Ask from then on, ask for less, {_RESTORE}",
        )


@dataclass(frozen=True)
class _Lack:
    """Months that a question needs and that are away.

    :param parameter: of the question, which asks for them
    :param since: the first business day since when all is here
    """

    parameter: str
    months: list
    since: date


def _lacks(query, months):
    """Return an iterator over the :class:`_Lack` of each stored table that answers."""
    if not months:
        return
    zone = ZoneInfo(query.company.timezone)
    asked = [query, query.total] if query.with_totals else [query]
    for facts, first, last in (r for q in asked for r in read_of(q, postgres.STORE)):
        if facts.table not in TABLES[Tier.AGGREGATE]:
            continue
        cut_in = zone if facts.is_by_instant else None
        missing = _missing(months, first, last, cut_in)
        if missing:
            is_before = query.compare and last < query.date_from
            parameter = "compare" if is_before else "date_from"
            yield _Lack(parameter, missing, here_since(months, [cut_in]))


def _missing(months, first, last, zone):
    """Return those of some months with rows of business days."""
    spans = [(month, *days_of(month, zone)) for month in months]
    return [month for month, begin, end in spans if begin <= last and end >= first]


def _between(months):
    first, last = f"{months[0]:%B %Y}", f"{months[-1]:%B %Y}"
    return f"from {first} to {last}"
