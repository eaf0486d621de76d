"""GraphQL over HTTP: ``core/api/graphql`` behind the rights of ``loyalty.reporting.reader``."""

import json
import secrets

from markupsafe import Markup
from odoo.exceptions import AccessError
from odoo.http import Controller, request, route
from werkzeug.exceptions import (
    Forbidden,
    MethodNotAllowed,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from ..core.errors import ConfigurationError
from .dispatcher import LoyaltyReportingDispatcher

_URL = "/api/v1/graphql"
_METHODS = ["GET", "HEAD", "POST"]
_JSON = "application/json"
_LIBRARY = "/loyalty_reporting/static/lib"
# Whatever the page loads or sends comes from and goes to this very server; fonts and
# pictures are within GraphiQL's style sheet. Its dialogs add a style element while they
# are open, with the nonce of the page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "connect-src 'self'; "
    "font-src 'self' data:; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_PAGE = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="csrf-token" content="{token}">
<meta name="style-nonce" content="{nonce}">
<title>Loyalty Reporting: GraphiQL</title>
<link rel="icon" href="/loyalty_reporting/static/description/icon.png">
<link rel="stylesheet" href="{library}/graphiql/3.9.0/graphiql.min.css">
<link rel="stylesheet" href="/loyalty_reporting/static/src/graphiql/graphiql.css">
</head>
<body>
<div id="graphiql">Loading…</div>
<script src="{library}/react/18.3.1/react.production.min.js"></script>
<script src="{library}/react/18.3.1/react-dom.production.min.js"></script>
<script src="{library}/graphiql/3.9.0/graphiql.min.js"></script>
<script src="/loyalty_reporting/static/src/graphiql/graphiql.js"></script>
</body>
</html>
""")


class GraphqlDispatcher(LoyaltyReportingDispatcher):
    """As the API's other routes, but errors have GraphQL's form, the problem within."""

    routing_type = "loyalty_reporting_graphql"

    def handle_error(self, exc):
        """Answer any error before the document was looked at."""
        response = super().handle_error(exc)
        error = _error(json.loads(response.get_data()))
        response.set_data(json.dumps({"errors": [error]}, ensure_ascii=False))
        response.headers["Content-Type"] = f"{_JSON}; charset=utf-8"
        return response


class LoyaltyReportingGraphql(Controller):
    """``/api/v1/graphql``, and GraphiQL to try it."""

    @route(
        _URL,
        type="loyalty_reporting_graphql",
        auth="loyalty_reporting",
        methods=_METHODS,
        readonly=True,
        save_session=False,
    )
    def graphql(self):
        """Answer a GraphQL document."""
        execution, http, limits = _library()
        reader = _Reader(request.env["loyalty.reporting.reader"])
        request.env["loyalty.reporting.reader"]._reports()
        media = http.media_type(request.httprequest.accept_mimetypes)
        if media is None:
            raise NotAcceptable(f"Accept {http.RESPONSE} or {http.JSON}.")
        settings = request.env["loyalty.reporting.pipeline"]._settings()
        asked = _asked(http, settings.graphql_bytes)
        bounds = limits.Limits.of(settings)
        what = (asked.document, asked.operation_name)
        if _is_safe() and execution.is_mutation(*what, bounds):
            raise MethodNotAllowed(
                ["POST"], "A GET only reads; nothing here is written."
            )
        answer = execution.execute(
            asked.document, asked.variables, asked.operation_name, reader, bounds
        )
        return _sent(answer.text(), http.status(answer, media), media)

    @route(
        _URL,
        type="loyalty_reporting_graphql",
        auth="public",
        methods=["DELETE", "PATCH", "PUT"],
        save_session=False,
        readonly=True,
        is_fallback=True,
    )
    def other_methods(self):
        """Tell which methods there are."""
        raise MethodNotAllowed(valid_methods=_METHODS)

    @route("/api/v1/graphiql", type="http", auth="user", readonly=True)
    def graphiql(self):
        """Show GraphiQL to a user who may read reports."""
        request.env["loyalty.reporting.reader"]._reports()
        nonce = secrets.token_urlsafe()
        page = _PAGE.format(token=request.csrf_token(), nonce=nonce, library=_LIBRARY)
        return request.make_response(
            page,
            headers=[
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", _POLICY.format(nonce=nonce)),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "same-origin"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )


class _Reader:
    """``loyalty.reporting.reader`` as ``core`` knows it: with our errors only."""

    def __init__(self, model):
        self._model = model

    def reports(self):
        return _ours(self._model._reports)

    def query(self, slug, given):
        return _ours(self._model._query, slug, given)

    def answer(self, query):
        # What fails in one field must not spoil the transaction for the next.
        with request.env.cr.savepoint(flush=False):
            return _ours(self._model._answer, query)


def _ours(function, *arguments):
    from ..core.api.graphql.errors import Forbidden as NotAllowed  # noqa: PLC0415

    try:
        return function(*arguments)
    except AccessError as e:
        raise NotAllowed(str(e)) from None


def _library():
    """Return what needs graphql-core, which not every installation has.

    :raise ConfigurationError: it is not installed
    """
    try:
        from ..core.api.graphql import execution, http, limits  # noqa: PLC0415
    except ImportError as e:
        raise ConfigurationError(
            f"GraphQL needs the Python package graphql-core: install it ({e})."
        ) from e
    return execution, http, limits


def _is_safe():
    return request.httprequest.method != "POST"


def _asked(http, limit):
    """Return the request, well-formed and no larger than allowed."""
    if _is_safe():
        asked = dict(request.httprequest.args.lists())
        _check_size(len(request.httprequest.query_string), limit)
        return http.of_address(asked)
    if request.httprequest.mimetype != _JSON:
        raise UnsupportedMediaType(f"Send {_JSON}.")
    if request.httprequest.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType(f"Send {_JSON} in UTF-8.")
    _check_origin()
    _check_size(request.httprequest.content_length or 0, limit)
    # Also where the length is not told beforehand.
    request.httprequest.max_content_length = limit
    return http.of_body(request.httprequest.get_data(cache=False))


def _check_size(size, limit):
    if size > limit:
        raise RequestEntityTooLarge(f"A GraphQL request has at most {limit} bytes.")


def _check_origin():
    """Take a session's POST only from a page of ours.

    A key is sent by nobody's browser by itself. A session's cookie is: a form of another
    site cannot send JSON, its script may not without our leave, which we never give
    (CORS), and a browser says with Sec-Fetch-Site whose page sends. Where it does not
    (plain HTTP), the page must show the session's CSRF token. Nothing is written by any
    document, and no other site can read the answer.
    """
    headers = request.httprequest.headers
    if headers.get("Authorization") or headers.get("Sec-Fetch-Site") == "same-origin":
        return
    token = headers.get("X-CSRF-Token", "")
    if not token.isascii() or not request.validate_csrf(token):
        raise Forbidden(
            "With a session, send the header X-CSRF-Token, or ask from a page of this "
            "server by HTTPS; programs use an API key."
        )


def _sent(body, status, media):
    response = request.make_response(
        body,
        headers=[
            ("Content-Type", f"{media}; charset=utf-8"),
            ("Cache-Control", "private, no-cache" if _is_safe() else "no-store"),
            ("Vary", "Accept"),
        ],
        status=status,
    )
    if _is_safe():
        response.add_etag()
        response.make_conditional(request.httprequest)
    return response


def _error(document):
    """Return an error of GraphQL's form that is a problem."""
    codes = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND"}
    default = "INTERNAL_SERVER_ERROR" if document["status"] >= 500 else "BAD_REQUEST"  # noqa: PLR2004
    return {
        "message": document["detail"],
        "extensions": {
            "code": codes.get(document["status"], default),
            "problem": document,
        },
    }
