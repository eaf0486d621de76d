"""The API as an OpenAPI 3.1 document, made of what the code itself declares.

Each part says of its own addresses what they take and answer: ``paths(reports)`` of the
reports that the caller may read, the ``schemas()`` that they refer to, and its ``TAGS``.
"""

from . import answers, events, exports, reports, service
from .pieces import problem_responses

PARTS = (reports, service, exports, events)
_ABOUT = (
    "Promotions, membership and points of a loyalty programme. Money and points are "
    "JSON numbers with all their decimals: read them as decimals. Dates are ISO 8601, "
    "instants UTC; of an instant in a parameter only the date as written counts. "
    "Errors are problem documents (RFC 9457). A page of this very server may also use "
    "the session of its browser, except to push events."
)


def document(known, server="/"):
    """Return the OpenAPI document of the API.

    :param known: the reports that the caller may read
    :param server: base address of the server that answers
    """
    known = [*known]
    paths, schemas = {}, {}
    for part in PARTS:
        paths |= part.paths(known)
        schemas |= part.schemas()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Loyalty Reporting",
            "version": "1",
            "description": _ABOUT,
            "license": {"name": "LGPL-3.0", "identifier": "LGPL-3.0-only"},
        },
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "tags": _tags(known),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key of an Odoo user: My Profile, Account "
                    "Security. Its reports follow from the user's groups.",
                }
            },
            "schemas": {**answers.SCHEMAS, **schemas},
            "responses": problem_responses(),
        },
    }


def _tags(known):
    audiences = dict.fromkeys(report.audience.value for report in known)
    of_reports = [
        {"name": name, "description": f"For the group Loyalty Reporting / {group}."}
        for name, group in ((name, name.capitalize()) for name in audiences)
    ]
    return [*of_reports, *(tag for part in PARTS for tag in part.TAGS)]
