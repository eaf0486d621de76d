"""A line of JSON for each request: what was asked, by whom, and what became of it."""

import json
import re

from ..queries.base import Kind
from ..queries.params import parameters

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_WORDS = ("true", "false", "0", "1")
HIDDEN = "***"


def line(trace, **facts):
    """Return what to log of a request.

    Everything but plain characters is escaped: a value cannot end the line.
    """
    counted = trace.facts.get("counted", {})
    cache = next(
        (word for word in ("hit", "miss") if counted.get(f"cache_{word}")), None
    )
    record = {
        "request_id": trace.request_id,
        **facts,
        **{k: v for k, v in trace.facts.items() if k != "counted"},
        "cache": cache,
        "duration_ms": round(trace.seconds * 1000, 1),
    }
    known = {name: value for name, value in record.items() if value is not None}
    return json.dumps(known, ensure_ascii=True, default=str)


def shown(report, given):
    """Return the parameters of a request as they may be logged.

    A value is shown where only declared ones are possible: choices, days, pages,
    companies. Identifiers of customers and cards, free texts and whatever is unknown
    are not.

    :param report: the report that was asked, or None
    :param given: parameter name → list of texts
    :return: {name: text}; unknown names are only counted, as ``unknown``
    """
    declared = {p.name: p for p in parameters(report)} if report else {}
    known = {
        name: _shown(declared.get(name), name, ",".join(texts))
        for name, texts in given.items()
        if name in declared or name in ("company_id", "format")
    }
    unknown = len(given) - len(known)
    return {**known, "unknown": unknown} if unknown else known


def _shown(parameter, name, text):
    if parameter is None:
        pattern = r"\d{1,10}" if name == "company_id" else r"\w{1,10}"
        return text if re.fullmatch(pattern, text, re.ASCII) else HIDDEN
    return text if _is_plain(parameter, text) else HIDDEN


def _is_plain(parameter, text):
    if parameter.choices:
        return all(
            part.strip().lstrip("-+") in parameter.choices for part in text.split(",")
        )
    if parameter.kind is Kind.DATE:
        return bool(_DAY.fullmatch(text))
    if parameter.kind == "boolean":
        return text in _WORDS
    return parameter.lowest is not None and bool(_NUMBER.fullmatch(text))
