"""The reports: one address each."""

from ...queries.base import Kind
from ...queries.parameters import parameters, sortable
from .. import rest
from . import answers
from .pieces import header, in_query, json_of, refusals

# Named after the audiences: the document has those.
TAGS = ()
_BIGGEST = 2**63 - 1
_EXAMPLES = {"date_from": "2024-01-01", "date_to": "2024-01-31"}
_ETAG = header("Send it as If-None-Match.", {"type": "string"}, required=False)
_TEXT_HEADER = {"type": "string"}
_HEADERS = {
    "ETag": _ETAG,
    "Cache-Control": header("Always private.", _TEXT_HEADER),
    "Link": header(
        "RFC 8288: the pages first, prev, next and last. Behind a cursor first and "
        "next. Of JSON only, and absent where it would be too long for proxies.",
        _TEXT_HEADER,
        required=False,
    ),
    "Content-Disposition": header(
        "The name of a file; of all formats but JSON.", _TEXT_HEADER, required=False
    ),
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": _TEXT_HEADER,
    "description": "An ETag: where nothing changed since, the answer is 304. JSON only.",
}
COMPANY = {"type": "integer", "minimum": 0, "maximum": 10**10 - 1}


def schemas():
    """Return the schemas that the paths refer to: none but what all parts do."""
    return {}


def paths(reports):
    """Return the paths of the reports."""
    return {
        f"/api/v1/reports/{report.slug}": {"get": _operation(report)}
        for report in reports
    }


def _operation(report):
    return {
        "operationId": report.slug.replace("/", "_"),
        "tags": [report.audience.value],
        "summary": report.title,
        "description": f"{report.description}\n\nBasis: {report.basis}.",
        "parameters": [
            *(_parameter(report, asked) for asked in parameters(report)),
            in_query("company_id", COMPANY, "One of the user's; else the user's own."),
            in_query(
                "format",
                {"enum": [*rest.MIMETYPES]},
                "Instead of the header Accept. All but JSON are files with all rows, "
                "whatever the page.",
            ),
            in_query(
                "bom",
                {"type": "boolean", "default": False},
                "CSV begins with a byte order mark, without which Excel does not take "
                "it for UTF-8.",
            ),
            _IF_NONE_MATCH,
        ],
        "responses": {
            "200": {
                "description": "The rows",
                "headers": _HEADERS,
                "content": _contents(report),
            },
            "304": {
                "description": "They are those of the ETag that was sent.",
                "headers": {"ETag": _ETAG},
            },
            **refusals(400, 401, 403, 404, 414, 429, 500, 503),
        },
    }


def _contents(report):
    others = {
        mimetype: {"schema": {"type": "string"}}
        for name, mimetype in rest.MIMETYPES.items()
        if name != rest.JSON
    }
    return {
        **json_of(answers.answer(report), example=answers.example(report)),
        **others,
    }


def _parameter(report, asked):
    """Return a parameter; of a list, its values are separated by commas."""
    schema, how, words = values(report, asked), {}, asked.definition
    if asked.is_list:
        schema = list_of(asked, schema)
        how = {"style": "form", "explode": False}
        words += " Several are separated by commas."
    if asked.default is not None:
        default = asked.default
        schema["default"] = [*default] if asked.is_list else default
    if asked.name in _EXAMPLES:
        how["example"] = _EXAMPLES[asked.name]
    return in_query(asked.name, schema, words, required=asked.is_required, **how)


def list_of(asked, schema):
    """Return the schema of a list of values of a parameter."""
    # Rows need not be told apart; all other lists have something in them.
    least = {} if asked.name == "dimensions" else {"minItems": 1}
    return {"type": "array", "items": schema, **least}


def values(report, asked):
    """Return the schema of one value of a parameter."""
    schema = dict(answers.VALUES[asked.kind])
    if asked.name == "sort":
        schema["pattern"] = f"^-?({'|'.join(sortable(report))})$"
    if asked.choices:
        schema["enum"] = [*asked.choices]
    if asked.lowest is not None:
        schema |= {"minimum": asked.lowest, "maximum": asked.highest}
    elif asked.kind is Kind.INTEGER:
        schema |= {"minimum": -_BIGGEST, "maximum": _BIGGEST}
    return schema
