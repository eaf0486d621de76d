"""The page on which a person reads and tries the API."""

from odoo.http import Controller, request, route
from odoo.tools import file_open

_PAGE = "loyalty_reporting/static/src/docs/docs.html"
# Nothing but our own files. Swagger UI sets styles of elements, and its icons are in
# its style sheet; neither can run anything.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


class LoyaltyReportingDocs(Controller):
    """Swagger UI over the OpenAPI document, with the session of its reader."""

    @route("/api/v1/docs", type="http", auth="user", readonly=True)
    def docs(self):
        """Show the page to who may read reports; others are told what they need."""
        request.env["loyalty.reporting.reader"]._reports()
        with file_open(_PAGE) as file:
            page = file.read()
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", _POLICY),
            ("Referrer-Policy", "same-origin"),
            ("Cache-Control", "private, no-cache"),
        ]
        return request.make_response(page, headers=headers)
