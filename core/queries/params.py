"""From text to a :class:`~core.queries.base.Query`: every fault names its parameter."""

import difflib
import re
from dataclasses import dataclass
from datetime import date, datetime

from ..errors import BadQuery
from .base import Grain, Kind, Listing, Query

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)
_BIGINT = 2**63 - 1
MAX_PER_PAGE = 1000
TECHNICAL = ("format", "company_id")


@dataclass(frozen=True)
class Parameter:
    """What may be asked of a report, as every surface offers it.

    :param kind: of its values: a day, a whole number or a text
    :param is_list: it takes several values
    :param choices: the only values there are
    :param default: what counts when it is not given
    :param lowest: with ``highest`` the bounds of a number that has any
    """

    name: str
    definition: str
    kind: Kind
    is_list: bool = False
    is_required: bool = False
    choices: tuple[str, ...] = ()
    default: str | int | tuple[str, ...] | None = None
    lowest: int | None = None
    highest: int | None = None


_PERIOD = (
    Parameter(
        "date_from", "First business day, inclusive.", Kind.DATE, is_required=True
    ),
    Parameter("date_to", "Last business day, inclusive.", Kind.DATE, is_required=True),
)
_PAGES = (
    Parameter(
        "page", "Page, from 1 on.", Kind.INTEGER, default=1, lowest=1, highest=10**9
    ),
    Parameter(
        "per_page", "Rows of a page.", Kind.INTEGER,
        default=100, lowest=1, highest=MAX_PER_PAGE,
    ),
)  # fmt: skip


def parameters(report):
    """Return the :class:`Parameter` objects of a report, in the order to show them."""
    grouping = () if isinstance(report, Listing) else _grouping(report)
    filters = (
        Parameter(f.name, f.definition, f.kind, is_list=True, choices=f.choices)
        for f in report.filters
    )
    return (*_PERIOD, *grouping, *filters, *_PAGES)


def _grouping(report):
    grains = tuple(grain.value for grain in report.grains)
    return (
        Parameter(
            "group_by", "Buckets of time, in the company's zone.", Kind.TEXT,
            choices=grains, default="day",
        ),
        _names("dimensions", report.dimensions, report.default_dimensions),
        _names("measures", report.measures, report.default_measures),
    )  # fmt: skip


def _names(name, known, default):
    return Parameter(
        name, "Which to show, in this order.", Kind.TEXT,
        is_list=True, choices=tuple(one.name for one in known), default=default,
    )  # fmt: skip


def parse(report, company, given):
    """Return the query that ``given`` asks of a report.

    :param given: parameter name → text, or list of texts when it came several times
    :raise BadQuery: the first fault, with the parameter's name
    """
    is_listing = isinstance(report, Listing)
    known = [p.name for p in parameters(report)]
    _reject_unknown((*known, *TECHNICAL), given)
    filters = {f.name for f in report.filters}
    asked_once = {
        name: single(name, given[name])
        for name in known
        if name in given and name not in filters
    }
    date_from = _day("date_from", asked_once)
    date_to = _day("date_to", asked_once)
    if date_from > date_to:
        raise BadQuery(
            "date_from", f"date_from {date_from} is after date_to {date_to}."
        )
    asked = {
        "report": report,
        "company": company,
        "date_from": date_from,
        "date_to": date_to,
    }
    if not is_listing:
        asked["grain"] = _grain(report, asked_once.get("group_by", "day"))
        asked["measures"] = _named(
            "measures", asked_once, report.measures, report.default_measures
        )
        asked["dimensions"] = _named(
            "dimensions", asked_once, report.dimensions, report.default_dimensions
        )
    return Query(
        **asked,
        filters=tuple(
            (f, _filter(f, given)) for f in report.filters if f.name in given
        ),
        page=_number("page", asked_once, 1, low=1, high=10**9),
        per_page=_number("per_page", asked_once, 100, low=1, high=MAX_PER_PAGE),
    )


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


def _grain(report, text):
    if text in report.grains:
        return Grain(text)
    choices = ", ".join(report.grains)
    raise BadQuery("group_by", f"group_by {text!r:.50} is none of {choices}.")


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
        if asked.choices and text not in asked.choices:
            choices = ", ".join(asked.choices)
            raise BadQuery(
                asked.name, f"{asked.name} {text!r:.50} is none of {choices}."
            )
    return texts


def _values(name, given):
    raw = given.get(name, ())
    raw = [raw] if isinstance(raw, str) else raw
    return [part.strip() for text in raw for part in text.split(",")]


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
