"""Routes of type ``loyalty_reporting``: plain parameters in, problem documents out."""

import json
import logging

from odoo.exceptions import AccessDenied, AccessError
from odoo.http import Dispatcher, Response, SessionExpiredException
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..core.api.problems import MIMETYPE, problem, problem_of
from ..core.errors import ReportingError, TooMany

_logger = logging.getLogger(__name__)
_SAFE = ("GET", "HEAD")


class LoyaltyReportingDispatcher(Dispatcher):
    """Hands the endpoint its path arguments; every error becomes a problem."""

    routing_type = "loyalty_reporting"

    @classmethod
    def is_compatible_with(cls, request):
        """Any content type will do: an endpoint that reads a body looks at it."""
        return True

    def dispatch(self, endpoint, args):
        """Call the endpoint; where it does not say otherwise, it only reads."""
        methods = endpoint.routing.get("methods") or _SAFE
        if self.request.httprequest.method not in methods:
            raise MethodNotAllowed(valid_methods=list(methods))
        self.request.params = dict(args)
        return self.request.registry["ir.http"]._dispatch(endpoint)

    def handle_error(self, exc):
        """Answer any error, also those before the endpoint was reached."""
        document, headers = _document(exc)
        if document["status"] >= 500:  # noqa: PLR2004
            _logger.error("%s: %s", self.request.httprequest.path, exc, exc_info=exc)
        headers["Content-Type"] = MIMETYPE
        headers["Cache-Control"] = "no-store"
        return Response(
            json.dumps(document, ensure_ascii=False),
            status=document["status"],
            headers=headers,
        )


def _document(exc):
    """Return (problem document, headers) of an error."""
    if isinstance(exc, TooMany):
        return problem_of(exc), {"Retry-After": str(exc.seconds)}
    if isinstance(exc, ReportingError):
        return problem_of(exc), {}
    if isinstance(exc, AccessDenied | SessionExpiredException):
        detail = (
            "Send a valid API key as 'Authorization: Bearer <key>'; it may be wrong, "
            "expired or revoked. Keys are made in Odoo: My Profile, Account Security."
        )
        return problem(401, detail), {"WWW-Authenticate": "Bearer"}
    if isinstance(exc, AccessError):
        return problem(403, str(exc)), {}
    if isinstance(exc, HTTPException) and exc.code:
        headers = dict(exc.get_headers())
        headers.pop("Content-Type", None)
        return problem(exc.code, exc.description or exc.name), headers
    return problem_of(exc), {}
