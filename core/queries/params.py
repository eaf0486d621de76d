"""From text to a :class:`~core.queries.base.Query`: every fault names its parameter."""

import difflib
import re
from dataclasses import replace
from datetime import date, datetime

from ..errors import BadQuery
from . import cursor
from .base import Additivity, Grain, Kind, Listing
from .comparison import NAMES as COMPARISONS
from .comparison import comparison
from .parameters import MAX_PER_PAGE, parameters
from .query import Query, Sort

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)
_BIGINT = 2**63 - 1
TECHNICAL = ("format", "company_id", "bom")
_BACKWARDS = ("transaction_date", "-transaction_date")


def parse(report, company, given):
    """Return the query that ``given`` asks of a report.

    :param given: parameter name → text, or list of texts when it came several times
    :raise BadQuery: the first fault, with the parameter's name
    """
    known = {p.name: p for p in parameters(report)}
    _reject_unknown((*known, *TECHNICAL), given)
    has_mark(given)
    filters = {f.name for f in report.filters}
    once = {
        name: _joined(name, given) if asked.is_list else single(name, given[name])
        for name, asked in known.items()
        if name in given and name not in filters
    }
    date_from, date_to = _period(once)
    query = Query(
        report=report,
        company=company,
        date_from=date_from,
        date_to=date_to,
        filters=tuple(
            (f, _filter(f, given)) for f in report.filters if f.name in given
        ),
        page=_number("page", once, 1, low=1, high=10**9),
        per_page=_number("per_page", once, 100, low=1, high=MAX_PER_PAGE),
    )
    if isinstance(report, Listing):
        text = once.get("sort", _BACKWARDS[0])
        _check_choice("sort", text, _BACKWARDS)
        query = replace(query, is_backwards=text == _BACKWARDS[1])
    else:
        query = _grouped(query, once)
    return _placed(query, once)


def _grouped(query, given):
    """Return a question with all that only reports that add up are asked."""
    report, name = query.report, given.get("compare")
    _check_choice("group_by", given.get("group_by", "day"), report.grains)
    grain = Grain(given.get("group_by", "day"))
    if name is not None:
        _check_choice("compare", name, COMPARISONS)
        name = comparison(name, grain, query.date_from, query.date_to)
    query = replace(
        query,
        grain=grain,
        measures=_named("measures", given, report.measures, report.default_measures),
        dimensions=_named(
            "dimensions", given, report.dimensions, report.default_dimensions
        ),
        compare=name,
        with_totals=_flag("totals", given),
    )
    for measure in query.measures:
        _check_keys(measure, query)
    return replace(query, sort=_sort(query, given.get("sort")))


def _check_keys(measure, query):
    """Refuse a measure by what it is one number over.

    :raise BadQuery: such as points outstanding by the type of what was booked
    """
    asked = {d.name for d in query.dimensions} | {f.name for f, _v in query.filters}
    for name in measure.not_by:
        if name in asked:
            raise BadQuery(
                "measures",
                f"{measure.name} is one number over all of {name}. Leave out either the "
                f"measure {measure.name} or the dimension and filter {name}.",
            )


def _placed(query, given):
    """Return the question with the row after which its page begins."""
    if "cursor" not in given:
        return query
    if "page" in given:
        raise BadQuery("cursor", "Ask for a page or with a cursor, not for both.")
    return replace(query, after=cursor.read(query, given["cursor"]))


def _period(given):
    date_from, date_to = _day("date_from", given), _day("date_to", given)
    if date_from > date_to:
        raise BadQuery(
            "date_from", f"date_from {date_from} is after date_to {date_to}."
        )
    return date_from, date_to


def _sort(query, text):
    """Return what rows are ordered by; what is not shown cannot order them."""
    known = {column.name: column for column in query.columns}
    owners = {c.name: d for d in query.dimensions for c in d.columns}
    sorts = []
    for asked in text.split(",") if text is not None else ():
        name = asked.strip().removeprefix("-")
        if name not in known:
            raise BadQuery(
                "sort", f"No column {name!r:.50} is shown.{_hint(name, known)}"
            )
        if getattr(known[name], "additivity", None) is Additivity.SEMI_ADDITIVE:
            raise BadQuery("sort", f"Rows cannot be ordered by the level {name}.")
        is_descending = asked.strip().startswith("-")
        sorts.append(Sort(known[name], is_descending, owners.get(name)))
    return tuple(sorts)


def _flag(name, given):
    text = given.get(name, "false")
    _check_choice(name, text, ("true", "false"))
    return text == "true"


def _check_choice(name, text, choices):
    if text not in choices:
        raise BadQuery(name, f"{name} {text!r:.50} is none of {', '.join(choices)}.")


def has_mark(given):
    """Tell whether CSV is to begin with the mark by which Excel knows UTF-8.

    :raise BadQuery: it is neither true nor false
    """
    text = single("bom", given.get("bom", "false"))
    _check_choice("bom", text, ("true", "false"))
    return text == "true"


def company_id(given):
    """Return the number of the company asked for, or None.

    :raise BadQuery: it is no number
    """
    if "company_id" not in given:
        return None
    text = single("company_id", given["company_id"])
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
        raise BadQuery("company_id", f"company_id {text!r:.50} is no whole number.")
    return int(text)


def _reject_unknown(known, given):
    for name in given:
        if name not in known:
            raise BadQuery(
                name, f"There is no parameter {name:.50}.{_hint(name, known)}"
            )


def _hint(name, known):
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def single(name, value):
    """Return the text of a parameter that may be given once.

    :raise BadQuery: it was given several times
    """
    if isinstance(value, str):
        return value
    if len(value) != 1:
        raise BadQuery(name, f"{name} was given {len(value)} times instead of once.")
    return value[0]


def _day(name, given):
    text = given.get(name, "")
    if not text:
        raise BadQuery(name, f"{name} is required: a day such as 2024-01-31.")
    try:
        # Of an instant only the date as written counts.
        if _DAY.fullmatch(text) and datetime.fromisoformat(text):
            return date.fromisoformat(text[:10])
    except ValueError:
        pass
    raise BadQuery(name, f"{name} {text!r:.50} is no day such as 2024-01-31.")


def _named(parameter, given, choices, default):
    """Return the measures or dimensions that a parameter names."""
    known = {choice.name: choice for choice in choices}
    text = given.get(parameter)
    names = default if text is None else [name.strip() for name in text.split(",")]
    if text == "" and parameter == "dimensions":
        names = ()
    for name in names:
        if name not in known:
            raise BadQuery(
                parameter,
                f"There is no {parameter.rstrip('s')} {name!r:.50}.{_hint(name, known)}",
            )
    return tuple(known[name] for name in dict.fromkeys(names))


def _filter(asked, given):
    """Return the values that a filter lets through."""
    if asked.kind is Kind.INTEGER:
        return _ids(asked.name, given)
    texts = _texts(asked.name, given)
    for text in texts:
        if asked.choices:
            _check_choice(asked.name, text, asked.choices)
    return texts


def _listed(name, given):
    """Return the texts that a parameter came with: several times, or as a list."""
    return [given[name]] if isinstance(given[name], str) else given[name]


def _joined(name, given):
    return ",".join(_listed(name, given))


def _values(name, given):
    """Return the values of a filter.

    :raise BadQuery: an empty list; to let nothing through is never what was meant
    """
    values = [v.strip() for text in _listed(name, given) for v in text.split(",")]
    if not values:
        raise BadQuery(name, f"{name} needs at least one value.")
    return values


def _ids(name, given):
    ids = []
    for text in _values(name, given):
        if not re.fullmatch(r"-?\d{1,19}", text, re.ASCII) or abs(int(text)) > _BIGINT:
            raise BadQuery(name, f"{name} {text!r:.50} is no whole number.")
        ids.append(int(text))
    return tuple(dict.fromkeys(ids))


def _texts(name, given):
    texts = tuple(_values(name, given))
    for text in texts:
        # What no database can hold: zero bytes, halves of characters.
        if "\0" in text or text.encode(errors="ignore").decode() != text:
            raise BadQuery(name, f"{name} {ascii(text):.50} is no text.")
    return texts


def _number(name, given, default, *, low, high):
    text = given.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or not low <= int(text) <= high:
        raise BadQuery(
            name, f"{name} {text!r:.50} is no whole number from {low} to {high}."
        )
    return int(text)
