"""What a page asks the dashboard for, checked."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from ..errors import BadQuery
from ..queries.periods import period

_NAMES = ("period", "date_from", "date_to", "programs", "stores", "company_id")
_USUAL = "last_30_days"
_USUAL_DAYS = 30


@dataclass(frozen=True)
class Asked:
    """A question of the page.

    :param period: the word that the period was asked by; empty for given days
    :param filters: filter of reports → the source's numbers
    """

    company_id: int
    date_from: date
    date_to: date
    period: str = ""
    filters: dict = field(default_factory=dict)


def asked(given, company_id, bounds):
    """Return what is asked for; without a period, the last days that have data.

    :param given: JSON values: ``period``, or ``date_from`` and ``date_to``
    :param bounds: :class:`~core.dashboard.bounds.Bounds` of the company
    :raise BadQuery: an unknown member, or a period that is none
    """
    for name in given:
        if name not in _NAMES:
            raise BadQuery(name[:50], f"The dashboard has no filter {name!r:.50}.")
    if name := given.get("period"):
        if not isinstance(name, str):
            raise BadQuery("period", "period is a word, such as last_month.")
        return Asked(company_id, *period(name, bounds.today), name)
    if given.get("date_from") or given.get("date_to"):
        return Asked(company_id, *_days(given))
    return _usual(company_id, bounds)


def _usual(company_id, bounds):
    """Return the last 30 days, or the last ones that have data, where these are older."""
    date_from, date_to = period(_USUAL, bounds.today)
    if bounds.last and bounds.last < date_from:
        begin = bounds.last - timedelta(days=_USUAL_DAYS - 1)
        return Asked(company_id, begin, bounds.last)
    return Asked(company_id, date_from, date_to, _USUAL)


def _days(given):
    days = []
    for name in ("date_from", "date_to"):
        try:
            days.append(date.fromisoformat(given.get(name)))
        except (TypeError, ValueError):
            raise BadQuery(name, f"{name} is a day, such as 2024-01-31.") from None
    return days
