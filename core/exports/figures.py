"""What a mail says of a report: its main figures beside those of the period before."""

from dataclasses import dataclass, replace
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from ..queries.base import PREVIOUS, Grain, Listing, Unit
from ..queries.comparison import PERIOD, comparison
from ..queries.query import Tally
from . import words
from .sections import pictured

_NONE = "–"
_COUNT, _NUMBER, _SHARE = "#,##0", "#,##0.##", "#,##0.0%"


@dataclass(frozen=True)
class Figure:
    """A figure, in the reader's language.

    :param change: against the period before: a part, of shares percentage points; empty
        where there is nothing to compare with
    """

    label: str
    value: str
    before: str
    change: str


def questions(query):
    """Return what :func:`figures` and the picture need beside the rows of a question.

    :return: for :class:`~core.queries.export.Beside`: the picture's rows, then the figures'
    """
    _section, asked = pictured(query)
    if isinstance(query.report, Listing):
        earlier = _before(query)
        begin, end = earlier.date_from, earlier.date_to
        return asked, replace(asked, query=replace(query, date_from=begin, date_to=end))
    return asked, replace(query.total, compare=_before(query), with_totals=True)


def compared(query):
    """Return the first and the last day of the period before."""
    before = _before(query)
    return before.date_from, before.date_to


def figures(query, answers, edition):
    """Return the :class:`Figure` of each measure; of a listing, of what it adds up.

    :param answers: to what :func:`questions` asks
    """
    now, before = answers
    if isinstance(query.report, Listing):
        return _tallied(questions(query)[0], now, before, edition)
    totals = before.totals or {}
    return [_figure(measure, totals, query, edition) for measure in query.measures]


def day(value, edition):
    """Return a day as the reader writes it."""
    return format_date(value, "medium", locale=edition.locale)


def days(begin, end, edition):
    """Return a period as the reader writes it."""
    first, last = day(begin, edition), day(end, edition)
    return first if begin == end else f"{first} – {last}"


def count(value, edition):
    """Return a whole number as the reader writes it."""
    return format_decimal(value, _COUNT, locale=edition.locale)


def megabytes(size, edition):
    """Return the size of a file as the reader writes it.

    :param size: bytes
    """
    return f"{format_decimal(size / 1024**2, '#,##0.0', locale=edition.locale)} MB"


def _before(query):
    return comparison(PERIOD, Grain.PERIOD, query.date_from, query.date_to)


def _figure(measure, totals, query, edition):
    value, before = totals.get(measure.name), totals.get(PREVIOUS + measure.name)
    label = words.label_of(measure, query, edition)

    def shown(number):
        return _written(number, measure.unit, query.company, edition)

    change = _change(value, before, measure.unit, edition)
    return Figure(label, shown(value), shown(before), change)


def _tallied(tally: Tally, now, before, edition):
    """Return the figures of a listing: what each of its kinds adds up to."""
    adds = {row[tally.by]: row[tally.adds] for row in now.rows}
    earlier = {row[tally.by]: row[tally.adds] for row in before.rows}
    found = []
    for kind in [*adds, *(kind for kind in earlier if kind not in adds)]:
        values = [adds.get(kind, Decimal()), earlier.get(kind, Decimal())]
        shown = [_written(v, Unit.POINTS, tally.query.company, edition) for v in values]
        change = _change(*values, Unit.POINTS, edition)
        found.append(Figure(kind, *shown, change))
    return found


def _written(value, unit, company, edition):
    if value is None:
        return _NONE
    if unit is Unit.MONEY:
        return format_currency(
            value, company.currency, locale=edition.locale, currency_digits=False,
            format=_money(company.digits),
        )  # fmt: skip
    if unit is Unit.RATIO:
        return format_percent(value, _SHARE, locale=edition.locale)
    return format_decimal(value, _NUMBER, locale=edition.locale)


def _money(digits):
    decimals = "." + "0" * digits if digits else ""
    return f"#,##0{decimals}\N{NO-BREAK SPACE}¤¤"


def _change(value, before, unit, edition):
    """Return how much a figure changed, with its sign."""
    if value is None or before is None:
        return ""
    if unit is Unit.RATIO:
        _, points = edition.translate, 100 * (value - before)
        shown = format_decimal(points, "+0.0;-0.0", locale=edition.locale)
        return _("%(points)s points") % {"points": shown}
    if not before:
        return ""
    part = (value - before) / abs(before)
    return format_percent(part, "+#,##0.0%;-#,##0.0%", locale=edition.locale)
