"""Pieces that all parts of the document are made of."""

import re

from .. import problems

PROBLEM = {"$ref": "#/components/schemas/Problem"}
_DETAILS = {
    400: "date_to '2024-02-30' is no day such as 2024-01-31.",
    404: "There is no program 987654 in this company.",
    429: "The source takes 6000 events in a minute. Wait, and send them again.",
}
_HEADERS = {
    401: {"WWW-Authenticate": ("Bearer.", {"const": "Bearer"})},
    405: {"Allow": ("The methods that there are.", {"type": "string"})},
    429: {"Retry-After": ("Seconds to wait.", {"type": "integer", "minimum": 0})},
}


def in_query(name, schema, description, required=False, **more):
    """Return a parameter of the query string.

    Descriptions are Markdown: what has a ``<`` in it would be taken for HTML.
    """
    description = re.sub(r"\w*<\w+>", r"`\g<0>`", description)
    return {
        "name": name, "in": "query", "required": required, "schema": schema,
        "description": description, **more,
    }  # fmt: skip


def header(description, schema, required=True):
    """Return a header of a response."""
    return {"description": description, "required": required, "schema": schema}


def json_of(schema, **more):
    """Return the content of a JSON answer."""
    return {"application/json": {"schema": schema, **more}}


def closed(properties, required=None, **more):
    """Return the schema of an object that has no other members.

    :param required: names of those that it always has; all by default
    """
    return {
        "type": "object",
        "required": [*properties] if required is None else [*required],
        "properties": properties,
        "additionalProperties": False,
        **more,
    }


def refusals(*statuses):
    """Return the responses that are errors."""
    return {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses
    }


def problem_responses():
    """Return the components that :func:`refusals` refers to."""
    return {
        str(status): {
            "description": title,
            "content": {
                problems.MIMETYPE: {"schema": PROBLEM, "example": _example(status)}
            },
        }
        | _headers(status)
        for status, title in problems.TITLES.items()
    }


def _headers(status):
    known = _HEADERS.get(status, {})
    return {"headers": {n: header(*known[n]) for n in known}} if known else {}


def _example(status):
    more = {"parameter": "date_to"} if status == 400 else {}  # noqa: PLR2004
    detail = _DETAILS.get(status, "What happened, and what to do.")
    return problems.problem(status, detail, **more)
