"""Routes of type ``loyalty_reporting``: plain parameters in, problem documents out."""

import json
import logging
from functools import cached_property
from urllib.parse import unquote_to_bytes

from odoo.exceptions import AccessDenied, UserError
from odoo.http import Dispatcher, Response, SessionExpiredException, root
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    RequestURITooLarge,
)

from ..core.api.problems import MIMETYPE, problem, problem_of
from ..core.errors import ReportingError, TooMany
from ..core.guard import origins, trace
from .guarded import Guarded

_logger = logging.getLogger(__name__)
_SAFE = ("GET", "HEAD")
ANY = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# Longer questions are refused by proxies, or belong into a body.
_MOST_QUERY = 16_384
_SERVER_ERROR = 500


class LoyaltyReportingDispatcher(Dispatcher):
    """Hands the endpoint its path arguments; every error becomes a problem.

    A route says ``is_limited=False`` where requests are not counted against the caller's
    quota, and ``is_fallback=True`` where it answers what no other route does.
    """

    routing_type = "loyalty_reporting"

    def __init__(self, request):
        super().__init__(request)
        given = request.httprequest.headers.get("X-Request-Id", "")
        self.trace = trace.begin(given, request.db or "")
        # Of the endpoint; ``ir.http`` tells it.
        self.routing = {}

    @classmethod
    def is_compatible_with(cls, request):
        """Any content type will do: an endpoint that reads a body looks at it."""
        return True

    @cached_property
    def guarded(self):
        """What stands around this request."""
        return Guarded(self.request, self.trace)

    def pre_dispatch(self, rule, args):
        """Refuse what nobody should read, and callers that ask too often."""
        _check_query(self.request.httprequest.query_string)
        is_asking = self.request.httprequest.method == "OPTIONS"
        if self.routing.get("is_limited", True) and not is_asking:
            self.guarded.admit()
        return super().pre_dispatch(rule, args)

    def dispatch(self, endpoint, args):
        """Call the endpoint; where it does not say otherwise, it only reads."""
        # Other addons look at them when the answer goes.
        self.request.params = dict(args)
        method = self.request.httprequest.method
        if method == "OPTIONS":
            return self._options()
        if method not in methods_of(endpoint):
            raise MethodNotAllowed(valid_methods=allowed_methods(self.request))
        if self.request.registry is None or self.request.env is None:
            return endpoint(**self.request.params)
        return self.request.registry["ir.http"]._dispatch(endpoint)

    def post_dispatch(self, response):
        """Let the answer go."""
        self.guarded.finish(response, self.routing)
        return super().post_dispatch(response)

    def handle_error(self, exc):
        """Answer any error, also those before the endpoint was reached."""
        document, headers = answer_of(exc)
        document["request_id"] = self.trace.request_id
        if document["status"] >= _SERVER_ERROR:
            path = ascii(self.request.httprequest.path)
            words = ascii(str(exc))
            _logger.error(
                "Request %s for %.200s failed: %.500s",
                self.trace.request_id, path, words, exc_info=exc,
            )  # fmt: skip
        headers["Content-Type"] = MIMETYPE
        headers["Cache-Control"] = "no-store"
        response = Response(
            json.dumps(document, ensure_ascii=False),
            status=document["status"],
            headers=headers,
        )
        self.guarded.finish(response, self.routing)
        return response

    def _options(self):
        """Answer a browser that asks what it may do here."""
        methods = [*allowed_methods(self.request), "OPTIONS"]
        asked = self.request.httprequest.headers
        answer = origins.preflight(
            self.guarded.origins, asked.get("Origin", ""), methods
        )
        return Response(status=204, headers={"Allow": ", ".join(methods), **answer})


def methods_of(endpoint):
    """Return the methods that an endpoint takes."""
    methods = endpoint.routing.get("methods") or _SAFE
    return (*methods, "HEAD") if "GET" in methods else methods


def allowed_methods(request):
    """Return the methods that the address of a request takes, by any route."""
    env = request.env
    rules = root.nodb_routing_map if env is None else env["ir.http"].routing_map()
    adapter = rules.bind_to_environ(request.httprequest.environ)
    return [m for m in ANY if _takes(adapter, request.httprequest.path, m)]


def _takes(adapter, path, method):
    try:
        rule, _args = adapter.match(path, method=method, return_rule=True)
    except HTTPException:
        return False
    is_fallback = rule.endpoint.routing.get("is_fallback")
    return not is_fallback and method in methods_of(rule.endpoint)


def _check_query(query):
    """Refuse a query string that is no text, or endless."""
    if len(query) > _MOST_QUERY:
        raise RequestURITooLarge(
            f"The question has {len(query)} bytes, at most {_MOST_QUERY} are read."
        )
    try:
        text = unquote_to_bytes(query).decode()
    except UnicodeDecodeError as e:
        raise BadRequest("The query string is no valid UTF-8.") from e
    if "\0" in text:
        raise BadRequest("The query string holds a zero byte.")


def answer_of(exc):
    """Return (problem document, headers) of an error."""
    if isinstance(exc, HTTPException) and isinstance(exc.__cause__, ReportingError):
        exc = exc.__cause__
    if isinstance(exc, TooMany):
        return problem_of(exc), {"Retry-After": str(exc.seconds)}
    if isinstance(exc, AccessDenied | SessionExpiredException):
        detail = (
            "Send a valid API key as 'Authorization: Bearer <key>'; it may be wrong, "
            "expired or revoked. Keys are made in Odoo: My Profile, Account Security."
        )
        return problem(401, detail), {"WWW-Authenticate": "Bearer"}
    if isinstance(exc, UserError):  # AccessError is one
        return problem(exc.http_status, str(exc)), {}
    if isinstance(exc, HTTPException) and exc.code:
        headers = dict(exc.get_headers())
        headers.pop("Content-Type", None)
        return problem(exc.code, exc.description or exc.name), headers
    return problem_of(exc), {}
