"""The API as an OpenAPI 3.1 document, made of the registry of reports."""

from ..queries.base import Additivity, Kind, Listing, Measure, Unit
from ..queries.params import parameters
from . import openapi_exports, problems, rest

_ADDS_UP = {
    Additivity.ADDITIVE: "Adds up over time, stores and channels; over programs only "
    "where no order can carry two.",
    Additivity.RATIO: "A ratio: values of several rows must not be added up.",
    Additivity.DISTINCT: "Distinct: values of several rows must not be added up.",
    Additivity.SEMI_ADDITIVE: "A level: never to be added up over time.",
}
_SCHEMAS = {
    Kind.INTEGER: {"type": "integer", "format": "int64"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.TEXT: {"type": "string"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
    Unit.COUNT: {"type": "integer", "format": "int64"},
}
_NUMBER = {"type": "number"}


def document(reports, server="/"):
    """Return the OpenAPI document of the reports' API.

    :param server: base address of the server that answers
    """
    paths = {"/api/v1/reports": {"get": _catalogue()}}
    for report in reports:
        paths[f"/api/v1/reports/{report.slug}"] = {"get": _operation(report)}
    paths |= openapi_exports.paths(reports)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Loyalty Reporting",
            "version": "1",
            "description": "Promotions, membership and points of a loyalty programme. "
            "Money and points are JSON numbers with all their decimals: read them as "
            "decimals.",
        },
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key of an Odoo user of the group User.",
                }
            },
            "schemas": {"Problem": _problem(), "Pagination": _pagination()}
            | openapi_exports.schemas(),
            "responses": {
                str(status): {
                    "description": title,
                    "content": {
                        problems.MIMETYPE: {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
                for status, title in problems.TITLES.items()
            },
        },
    }


def _operation(report):
    return {
        "operationId": report.slug.replace("/", "_"),
        "summary": report.title,
        "description": f"{report.description}\n\nBasis: {report.basis}.",
        "parameters": [
            *map(_parameter, parameters(report)),
            _in_query("company_id", {"type": "integer"}, "One of the user's."),
            _in_query("format", {"enum": [*rest.MIMETYPES]}, "Instead of Accept."),
        ],
        "responses": {
            "200": {"description": "The rows", "content": _contents(report)},
            "304": {"description": "They are those of the ETag that was sent."},
            **_refusals(400, 401, 403, 404, 500, 503),
        },
    }


def _contents(report):
    rows = {
        "type": "object",
        "required": ["data", "pagination", "meta"],
        "properties": {
            "data": {"type": "array", "items": _row(report)},
            "pagination": {"$ref": "#/components/schemas/Pagination"},
            "meta": {"type": "object"},
        },
    }
    others = {
        mimetype: {"schema": {"type": "string"}}
        for name, mimetype in rest.MIMETYPES.items()
        if name != rest.JSON
    }
    return {rest.MIMETYPES[rest.JSON]: {"schema": rows}, **others}


def _row(report):
    """Return the schema of a row; what was not asked for is not there."""
    is_listing = isinstance(report, Listing)
    always = [c.name for c in report.columns] if is_listing else ["date"]
    return {
        "type": "object",
        "required": always,
        "properties": {column.name: _schema(column) for column in report.columns},
        "additionalProperties": False,
    }


def _schema(column):
    if isinstance(column, Measure):
        schema = dict(_SCHEMAS.get(column.unit, _NUMBER))
        is_optional = column.additivity is Additivity.RATIO and not column.required
        words = f"{column.definition} {_ADDS_UP[column.additivity]}"
    else:
        schema = dict(_SCHEMAS.get(column.kind, _NUMBER))
        is_optional, words = column.is_optional, column.definition
    if is_optional:
        schema["type"] = [schema["type"], "null"]
    return {"title": column.label, "description": words, **schema}


def _parameter(asked):
    """Return a parameter; of a list, its values are separated by commas."""
    schema = dict(_SCHEMAS[asked.kind])
    if asked.choices:
        schema["enum"] = [*asked.choices]
    if asked.lowest is not None:
        schema |= {"minimum": asked.lowest, "maximum": asked.highest}
    if asked.kind is Kind.DATE:
        schema["examples"] = ["2024-01-31"]
    how = {}
    if asked.is_list:
        schema = {"type": "array", "items": schema}
        how = {"style": "form", "explode": False}
    if asked.default is not None:
        default = asked.default
        schema["default"] = [*default] if asked.is_list else default
    words, required = asked.definition, asked.is_required
    return _in_query(asked.name, schema, words, required=required, **how)


def _in_query(name, schema, description, required=False, **more):
    return {
        "name": name, "in": "query", "required": required, "schema": schema,
        "description": description, **more,
    }  # fmt: skip


def _catalogue():
    return {
        "operationId": "reports",
        "summary": "The reports, and all that can be asked of them",
        "responses": {
            "200": {
                "description": "The reports",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["data"],
                            "properties": {
                                "data": {"type": "array", "items": {"type": "object"}}
                            },
                        }
                    }
                },
            },
            **_refusals(401, 403, 500),
        },
    }


def _refusals(*statuses):
    return {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses
    }


def _pagination():
    names = ("page", "per_page", "total")
    return {
        "type": "object",
        "required": [*names],
        "properties": {name: {"type": "integer"} for name in names},
    }


def _problem():
    texts = ("type", "title", "detail", "parameter")
    return {
        "type": "object",
        "description": "RFC 9457: what went wrong and what to do.",
        "required": ["type", "title", "status", "detail"],
        "properties": {"status": {"type": "integer"}}
        | {name: {"type": "string"} for name in texts},
    }
