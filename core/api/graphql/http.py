"""GraphQL over HTTP: what a request asks, and how its answer is sent.

https://graphql.github.io/graphql-over-http/draft/
"""

import json
from dataclasses import dataclass

from ...errors import BadQuery

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
_NAMES = ("query", "operationName", "variables", "extensions")


@dataclass(frozen=True)
class Request:
    """A well-formed request."""

    document: str
    operation_name: str | None = None
    variables: dict | None = None


def of_address(arguments):
    """Return the request that a GET is.

    :param arguments: name → its values in the query string; other names are not looked at
    :raise BadQuery: it is not well-formed
    """
    given = {}
    for name in _NAMES:
        values = arguments.get(name, [])
        if len(values) > 1:
            raise BadQuery(name, f"{name} was given {len(values)} times.")
        if values:
            text = values[0]
            is_json = name in ("variables", "extensions") and text
            given[name] = _json(name, text) if is_json else text
    return _request(given)


def of_body(body):
    """Return the request that the bytes of a POST are.

    :raise BadQuery: they are no JSON in UTF-8, or not what the specification says
    """
    given = _json("body", body)
    if not isinstance(given, dict):
        raise BadQuery("body", "Send a JSON object with query; batches are not taken.")
    return _request(given)


def media_type(accept):
    """Return the media type to answer with, or None if there is none that is accepted.

    :param accept: werkzeug's; JSON is what a client gets that accepts anything
    """
    if not accept:
        return JSON
    plain, proper = accept.quality(JSON), accept.quality(RESPONSE)
    is_named = any(name.lower() == RESPONSE for name, _quality in accept)
    if proper > plain or (proper and proper == plain and is_named):
        return RESPONSE
    return JSON if plain else None


def status(response, media):
    """Return the HTTP status of a response to a well-formed request."""
    return 200 if response.is_executed or media == JSON else 400


def _json(name, text):
    try:
        return json.loads(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise BadQuery(name, f"{name} is nested too deeply.") from None
    except ValueError as e:
        # Of bytes that are no UTF-8 too; the message has the place, not the text.
        raise BadQuery(name, f"{name} is no JSON in UTF-8: {_place(e)}") from None


def _place(error):
    if isinstance(error, UnicodeDecodeError):
        return f"{error.reason} at byte {error.start}."
    return f"{getattr(error, 'msg', error)!s:.200}."


def _request(given):
    document, name = given.get("query"), given.get("operationName")
    if not isinstance(document, str) or not document:
        raise BadQuery("query", "query is required: the text of a GraphQL document.")
    if not isinstance(name, str | None) or not _is_text(name or ""):
        raise BadQuery("operationName", "operationName must be a string.")
    for one in ("variables", "extensions"):
        if not isinstance(given.get(one), dict | None):
            raise BadQuery(one, f"{one} must be a JSON object.")
    if not _is_text(document):
        raise BadQuery("query", "query holds halves of characters.")
    return Request(document, name, given.get("variables") or None)


def _is_text(text):
    return text.encode(errors="ignore").decode() == text
