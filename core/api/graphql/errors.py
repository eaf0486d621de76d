"""Errors in GraphQL's form, each with a code and the problem document in its extensions."""

import logging

from graphql import GraphQLError, GraphQLSyntaxError

from ...errors import BadQuery, ReportingError
from ..problems import problem, problem_of
from .asking import TooLong
from .limits import LimitExceeded
from .names import camel

_logger = logging.getLogger(__name__)
_CODES = {
    400: "BAD_USER_INPUT",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


class Forbidden(ReportingError):
    """The caller may not read this; a reader raises it."""


def of_problem(document, code=None):
    """Return an error of the response that is a problem document and no place in a query."""
    code = code or _CODES.get(document["status"], "BAD_REQUEST")
    return {
        "message": document["detail"],
        "extensions": {"code": code, "problem": document},
    }


def of_request(error):
    """Return an error for which nothing was executed: the document or its variables."""
    if isinstance(error, LimitExceeded):
        code = "LIMIT_EXCEEDED"
    elif isinstance(error, GraphQLSyntaxError):
        code = "GRAPHQL_PARSE_FAILED"
    else:
        code = "GRAPHQL_VALIDATION_FAILED"
    return _formatted(error, of_problem(problem(400, error.message), code))


def of_variables(error):
    """Return an error of the operation's name or of the values of its variables."""
    return _formatted(error, of_problem(problem(400, error.message)))


def of_field(error):
    """Return an error that came up while a field was resolved."""
    cause = error.original_error
    if isinstance(cause, Forbidden):
        found = of_problem(problem(403, str(cause)))
    elif isinstance(cause, ReportingError):
        code = "LIST_TOO_LONG" if isinstance(cause, TooLong) else None
        found = of_problem(problem_of(cause), code)
        if isinstance(cause, BadQuery):
            found["extensions"]["argument"] = camel(cause.parameter)
    elif _is_unfit(cause):
        found = of_problem(problem(500, error.message))
    elif cause is None or isinstance(cause, GraphQLError):
        found = of_problem(problem(400, error.message))
    else:
        _logger.error("GraphQL: %s", cause, exc_info=cause)
        found = of_problem(problem_of(cause))
    return _formatted(error, found)


def _is_unfit(cause):
    """Tell whether a value is not what the schema promises: no secret, but our fault.

    Of an argument's fault the library knows the place from the beginning.
    """
    if isinstance(cause, GraphQLError):
        return not cause.nodes
    return isinstance(cause, TypeError) and "non-nullable field" in str(cause)


def _formatted(error, found):
    """Return the error with its places in document and response."""
    places = error.formatted
    return {
        "message": found["message"],
        **{name: places[name] for name in ("locations", "path") if places.get(name)},
        "extensions": found["extensions"],
    }
