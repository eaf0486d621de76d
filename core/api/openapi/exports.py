"""Exports as jobs, as paths of the OpenAPI document."""

from ...exports.files import FORMATS
from ...queries.parameters import parameters
from .. import rest
from .pieces import closed, refusals
from .reports import COMPANY, list_of, values

TAGS = ({"name": "exports", "description": "Long exports, in the background."},)

STATES = ("queued", "running", "done", "failed", "cancelled", "expired")
_JSON = "application/json"
_JOB = {"$ref": "#/components/schemas/ExportJob"}
_ID = {
    "name": "id", "in": "path", "required": True, "schema": {"type": "integer"},
    "description": "The job's number.",
}  # fmt: skip


def paths(reports):
    """Return the paths of jobs: of any of these reports."""
    jobs = {"get": _list(), "post": _make(reports)}
    job = {"get": _read(), "delete": _remove()}
    return {
        "/api/v1/exports": jobs,
        "/api/v1/exports/{id}": job,
        "/api/v1/exports/{id}/file": {"get": _download()},
    }


def schemas():
    """Return the schemas that the paths refer to."""
    integer, moment = {"type": "integer"}, {"type": ["string", "null"]}
    instant = {**moment, "format": "date-time"}
    members = {
        "id": integer,
        "href": {"type": "string"},
        "report": {"type": "string"},
        "format": {"enum": [*FORMATS]},
        "parameters": {"type": "object"},
        "state": {"enum": [*STATES]},
        "progress": {
            "type": "object",
            "required": ["rows", "total"],
            "properties": {"rows": integer, "total": {"type": ["integer", "null"]}},
        },
        "rows": integer,
        "bytes": integer,
        "attempts": integer,
        "message": {**moment, "description": "Why there is no file, for a person."},
        "created_at": instant,
        "finished_at": instant,
        "expires_at": instant,
        "download": {
            **moment,
            "description": "Address of the file, for whoever has it, until it expires.",
        },
    }
    return {
        "ExportJob": {
            "type": "object", "required": [*members], "properties": members,
            "additionalProperties": False,
        }
    }  # fmt: skip


def _make(reports):
    body = {"oneOf": [_asked(report) for report in reports]}
    key = {
        "name": "Idempotency-Key", "in": "header", "required": False,
        # Printable ASCII; HTTP takes spaces around a value away.
        "schema": {
            "type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
        "description": "The same key with the same body gives the same job.",
    }  # fmt: skip
    return {
        "operationId": "make_export",
        "tags": ["exports"],
        "summary": "Have a report written to a file, in the background",
        "parameters": [key],
        "requestBody": {"required": True, "content": {_JSON: {"schema": body}}},
        "responses": {
            "202": {
                **_answer("The job", _JOB),
                "headers": {"Location": {"schema": {"type": "string"}}},
            },
            **refusals(400, 401, 403, 404, 413, 415, 422, 429, 500, 503),
        },
    }


def _asked(report):
    """Return the schema of a body that asks for an export of a report."""
    return closed(
        {
            "report": {"const": report.slug},
            "format": {"enum": [*FORMATS]},
            "parameters": closed(
                {
                    **{p.name: _value(report, p) for p in parameters(report)},
                    "company_id": {**COMPANY, "type": ["integer", "null"]},
                    "bom": {"type": ["boolean", "null"]},
                },
                required=[p.name for p in parameters(report) if p.is_required],
                description="Those of the report's own path, by name.",
            ),
        }
    )


def _value(report, asked):
    """Return the schema of a parameter in JSON: a list, the one value alone, or null."""
    one = values(report, asked)
    many = [list_of(asked, one)] if asked.is_list else []
    none = [] if asked.is_required else [{"type": "null"}]
    return {"anyOf": [*many, one, *none], "description": asked.definition}


def _list():
    listed = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": _JOB}},
    }
    return {
        "operationId": "exports",
        "tags": ["exports"],
        "summary": "The caller's own jobs, newest first",
        "responses": {
            "200": _answer("The jobs", listed),
            **refusals(401, 403, 429, 500),
        },
    }


def _read():
    later = {"Retry-After": {"schema": {"type": "integer"}}}
    return {
        "operationId": "export",
        "tags": ["exports"],
        "summary": "How far a job is, and where its file is",
        "parameters": [_ID],
        "responses": {
            "200": {**_answer("The job", _JOB), "headers": later},
            **refusals(401, 403, 404, 429, 500),
        },
    }


def _remove():
    return {
        "operationId": "remove_export",
        "tags": ["exports"],
        "summary": "Stop a job and remove it with its file",
        "parameters": [_ID],
        "responses": {
            "204": {"description": "It is gone."},
            **refusals(401, 403, 404, 429, 500),
        },
    }


def _download():
    token = {
        "name": "token", "in": "query", "required": False,
        "schema": {"type": "string"}, "description": "Instead of a key; see download.",
    }  # fmt: skip
    mimetypes = [rest.MIMETYPES[name] for name in FORMATS]
    file = {
        "schema": {"type": "string", "contentMediaType": "application/octet-stream"}
    }
    return {
        "operationId": "export_file",
        "tags": ["exports"],
        "summary": "The file of a job that is done; parts of it with Range",
        "parameters": [_ID, token],
        "responses": {
            "200": {
                "description": "The file",
                "content": dict.fromkeys(mimetypes, file),
            },
            "206": {"description": "The part that Range asked for"},
            "304": {"description": "It is that of the ETag that was sent."},
            "416": {"description": "The file has no such part."},
            **refusals(401, 403, 404, 409, 410, 429, 500),
        },
    }


def _answer(description, schema):
    return {"description": description, "content": {_JSON: {"schema": schema}}}
