"""Errors as RFC 9457 problem documents."""

from ..errors import BadQuery, ConfigurationError, NotFound, ReportingError, TooMany

MIMETYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be understood",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "No such format",
    409: "Not now",
    410: "Gone",
    413: "Too large",
    414: "The address is too long",
    415: "No such content type",
    422: "Not the same request",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available right now",
}


def problem(status, detail, **more):
    """Return a problem document.

    :param status: HTTP status
    :param detail: what happened and what to do, for a person
    :param more: members of its own, such as ``parameter``
    """
    title = TITLES.get(status, "Error")
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        **more,
    }


def problem_of(error):
    """Return the problem document of one of our errors."""
    if isinstance(error, NotFound):
        return problem(404, str(error), parameter=error.parameter)
    if isinstance(error, BadQuery):
        return problem(400, str(error), parameter=error.parameter)
    if isinstance(error, TooMany):
        # The member that draft-ietf-httpapi-ratelimit-headers names.
        more = {"violated-policies": [error.policy]} if error.policy else {}
        return problem(429, str(error), **more)
    if isinstance(error, ConfigurationError):
        return problem(500, str(error))
    if isinstance(error, ReportingError):
        return problem(503, str(error))
    return problem(500, "The server's log says more.")
