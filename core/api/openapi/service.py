"""What the API says of itself: the catalogue of reports, and this document."""

from ...queries.base import Additivity, Grain, Kind, Unit
from .pieces import closed, json_of, refusals

TAGS = ({"name": "about", "description": "What there is."},)
_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_NOT_BY = {
    "type": "array",
    "items": _TEXT,
    "description": "Dimensions and filters over which it is one number: not with them.",
}
_COLUMNS = {"type": "array", "items": {"$ref": "#/components/schemas/Column"}}


def _one_of(enum):
    return {"enum": [value.value for value in enum]}


def _list_of(**members):
    return {"type": "array", "items": closed(members)}


_FILTERS = {
    "type": "array",
    "items": closed(
        {
            "name": _TEXT,
            "definition": _TEXT,
            "type": _one_of(Kind),
            "choices": {"type": "array", "items": _TEXT},
        },
        ["name", "definition", "type"],
    ),
}
_ALWAYS = {
    "slug": _TEXT, "href": {"type": "string", "format": "uri-reference"},
    "title": _TEXT, "description": _TEXT, "basis": _TEXT, "filters": _FILTERS,
}  # fmt: skip
_SCHEMAS = {
    "Column": closed(
        {"name": _TEXT, "label": _TEXT, "definition": _TEXT, "type": _one_of(Kind)}
    ),
    "Listing": closed(
        {**_ALWAYS, "columns": _COLUMNS},
        description="A report of single rows.",
    ),
    "Report": closed(
        {
            **_ALWAYS,
            "group_by": {"type": "array", "items": _one_of(Grain)},
            "dimensions": _list_of(name=_TEXT, columns=_COLUMNS, is_default=_FLAG),
            "measures": _list_of(
                name=_TEXT,
                label=_TEXT,
                definition=_TEXT,
                unit=_one_of(Unit),
                additivity=_one_of(Additivity),
                is_default=_FLAG,
                not_by=_NOT_BY,
            ),
        },
        description="A report that adds up.",
    ),
}


def schemas():
    """Return the schemas that the paths refer to."""
    return _SCHEMAS


def paths(_reports):
    """Return the paths of the catalogue and of this document."""
    kinds = ("Report", "Listing")
    any_report = {"oneOf": [{"$ref": f"#/components/schemas/{k}"} for k in kinds]}
    return {
        "/api/v1/reports": {
            "get": _operation(
                "reports",
                "The reports, and all that can be asked of them",
                closed({"data": {"type": "array", "items": any_report}}),
            )
        },
        "/api/v1/openapi.json": {
            "get": _operation(
                "openapi",
                "This document",
                {"type": "object", "required": ["openapi", "info", "paths"]},
            )
        },
    }


def _operation(name, summary, schema):
    return {
        "operationId": name,
        "tags": ["about"],
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": json_of(schema)},
            **refusals(401, 403, 429, 500),
        },
    }
