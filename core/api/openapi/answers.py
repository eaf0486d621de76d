"""Schemas of what reports answer."""

from ...queries.base import Additivity, Kind, Listing, Measure, Unit
from ...queries.comparison import NAMES as COMPARISONS
from ...queries.parameters import MAX_PER_PAGE
from ...queries.query import Query
from .pieces import closed

_ADDS_UP = {
    Additivity.ADDITIVE: "Adds up over time, stores and channels; over programs only "
    "where no order can carry two.",
    Additivity.RATIO: "A ratio: values of several rows must not be added up.",
    Additivity.DISTINCT: "Distinct: values of several rows must not be added up.",
    Additivity.SEMI_ADDITIVE: "A level: never to be added up over time.",
}
_DAY = {"type": "string", "format": "date"}
_INSTANT = {"type": "string", "format": "date-time"}
_WHOLE = {"type": "integer", "format": "int64"}
_NUMBER = {"type": "number"}
_TEXT = {"type": "string"}
VALUES = {
    Kind.INTEGER: _WHOLE,
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.TEXT: _TEXT,
    Kind.DATE: _DAY,
    Kind.INSTANT: _INSTANT,
    Kind.POINTS: _NUMBER,
    Kind.MONEY: _NUMBER,
}
_MEASURES = {Unit.COUNT: {**_WHOLE}}
_EXAMPLES = {
    Kind.INTEGER: 123,
    Kind.BOOLEAN: True,
    Kind.DATE: "2024-01-15",
    Kind.INSTANT: "2024-01-15T10:30:00Z",
    Kind.POINTS: 100.5,
    Kind.MONEY: 1000.5,
    Unit.COUNT: 150,
    Unit.POINTS: 100.5,
    Unit.MONEY: 1000.5,
    Unit.QUANTITY: 300,
    Unit.RATIO: 0.15,
}
_META = {
    "report": ({**_TEXT}, "The report's address below /api/v1/reports/."),
    "company_id": ({"type": "integer"}, "The company whose figures these are."),
    "date_from": (_DAY, "First business day."),
    "date_to": (_DAY, "Last business day."),
    "time_zone": (_TEXT, "In which days begin and end."),
    "currency": (_TEXT, "Of all money."),
    "basis": (_TEXT, "What is counted."),
    "data_as_of": (
        {**_INSTANT, "type": ["string", "null"]},
        "Up to when the sources are read; null before the first load.",
    ),
    "tier": (_TEXT, "Which stored data answered: the smallest that could."),
    "store": ({"enum": ["postgresql", "clickhouse"]}, "Where it is stored."),
}


def _described(members):
    return {
        name: {**schema, "description": words}
        for name, (schema, words) in members.items()
    }


_META_OF_GROUPS = _described(
    {
        "group_by": (_TEXT, "The buckets of time."),
        "compared_with": (
            closed({"date_from": _DAY, "date_to": _DAY}),
            f"The period of compare={' or '.join(COMPARISONS)}.",
        ),
    }
)
SCHEMAS = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457: what went wrong and what to do.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"const": "about:blank"},
            "title": _TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {**_TEXT, "description": "For a person."},
            "parameter": {**_TEXT, "description": "Which one is at fault."},
            "request_id": {**_TEXT, "description": "As in X-Request-Id and the log."},
        },
        "additionalProperties": False,
    },
    "Pagination": closed(
        _described(
            {
                "page": ({"type": "integer", "minimum": 1}, "Absent with a cursor."),
                "per_page": (
                    {"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE},
                    "Rows that a page may have.",
                ),
                "total": (
                    {"type": "integer", "minimum": 0},
                    "Rows of all pages. Absent with a cursor.",
                ),
                "next_cursor": (
                    {"type": "string", "minLength": 1},
                    "Send it as cursor for the next page. Absent on the last one.",
                ),
            }
        ),
        required=["per_page"],
        dependentRequired={"page": ["total"], "total": ["page"]},
    ),
}


def answer(report):
    """Return the schema of a report's JSON answer."""
    members = {
        "data": {"type": "array", "maxItems": MAX_PER_PAGE, "items": _row(report)},
        "totals": _totals(report),
        "pagination": {"$ref": "#/components/schemas/Pagination"},
        "meta": _meta(report),
    }
    if _is_listing(report):
        del members["totals"]
    return closed(members, required=["data", "pagination", "meta"])


def example(report):
    """Return an answer such as a report gives to a question that says only the period."""
    shown = report.columns
    if not _is_listing(report):
        shown = Query(
            report, None, None, None,
            measures=tuple(report.measure(name) for name in report.default_measures),
            dimensions=tuple(report.dimension(d) for d in report.default_dimensions),
        ).columns  # fmt: skip
    choices = {f.name: f.choices[0] for f in report.filters if f.choices}
    row = {c.name: choices.get(c.name, _example(c)) for c in shown}
    meta = {
        "report": report.slug,
        "company_id": 1,
        "date_from": "2024-01-01",
        "date_to": "2024-01-31",
        "time_zone": "Asia/Jakarta",
        "currency": "IDR",
        "basis": report.basis,
        "data_as_of": "2024-02-01T00:05:00Z",
        "tier": "day",
        "store": "clickhouse",
    }
    if not _is_listing(report):
        meta["group_by"] = "day"
    pagination = {"page": 1, "per_page": 100, "total": 1}
    return {"data": [row], "pagination": pagination, "meta": meta}


def _example(column):
    kind = column.unit if isinstance(column, Measure) else column.kind
    return _EXAMPLES.get(kind, column.label)


def _row(report):
    """Return the schema of a row; what was not asked for is not there."""
    always = [c.name for c in report.columns] if _is_listing(report) else ["date"]
    return closed({c.name: _schema(c) for c in report.columns}, always)


def _totals(report):
    measures = [c for c in report.columns if isinstance(c, Measure)]
    words = "The measures of all rows together, with totals=true."
    return closed({m.name: _schema(m) for m in measures}, [], description=words)


def _meta(report):
    known = _described(_META)
    known["report"] = {"const": report.slug, **known["report"]}
    if _is_listing(report):
        return closed(known)
    grains = {"enum": [grain.value for grain in report.grains]}
    of_groups = dict(_META_OF_GROUPS)
    of_groups["group_by"] = {**of_groups["group_by"], **grains}
    return closed({**known, **of_groups}, [*known, "group_by"])


def _schema(column):
    if isinstance(column, Measure):
        schema = dict(_MEASURES.get(column.unit, _NUMBER))
        is_optional = column.additivity is Additivity.RATIO and not column.required
        words = f"{column.definition} {_ADDS_UP[column.additivity]}"
    else:
        schema = dict(VALUES[column.kind])
        is_optional, words = column.is_optional, column.definition
    if is_optional:
        schema["type"] = [schema["type"], "null"]
    return {"title": column.label, "description": words, **schema}


def _is_listing(report):
    return isinstance(report, Listing)
