"""Which pages of other origins may read the API (CORS): with a key, never with cookies."""

ALLOWED = ("Authorization", "Content-Type", "Accept", "If-None-Match", "X-Request-Id")
EXPOSED = (
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Link",
    "ETag",
    "X-Request-Id",
    "Content-Disposition",
    "WWW-Authenticate",
)
# Seconds for which a browser need not ask again.
_REMEMBERED = 600


def origins(text):
    """Return the origins that a setting lists, separated by commas or blanks."""
    return tuple(
        origin.rstrip("/").lower() for origin in text.replace(",", " ").split()
    )


def headers(allowed, origin):
    """Return the headers of an answer to a request of ``origin``.

    :param allowed: :func:`origins`; empty: the API says nothing of other origins
    :param origin: the header Origin, or empty
    """
    if not allowed:
        return {}
    # A cache must not give one origin what was answered to another.
    answer = {"Vary": "Origin"}
    if origin.lower() in allowed:
        answer["Access-Control-Allow-Origin"] = origin
        answer["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
    return answer


def preflight(allowed, origin, methods):
    """Return the headers of the answer to a browser that asks first.

    :param methods: those of the address
    """
    answer = headers(allowed, origin)
    if "Access-Control-Allow-Origin" in answer:
        del answer["Access-Control-Expose-Headers"]
        answer["Access-Control-Allow-Methods"] = ", ".join(methods)
        answer["Access-Control-Allow-Headers"] = ", ".join(ALLOWED)
        answer["Access-Control-Max-Age"] = str(_REMEMBERED)
    return answer


def is_own(origin, host):
    """Tell whether a request comes from a page of the very server that it asks.

    :param origin: the header Origin; empty: the browser saw no need for one
    :param host: host and port that were asked
    """
    return not origin or origin.lower().partition("://")[2] == host.lower()
