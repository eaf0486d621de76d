"""Health and metrics: for those who run the service, not for those who use it."""

import hmac

import psycopg2
from odoo.http import Controller, Response, request, route

from ..core.guard import health

_MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"
# Without a database (if the addon is loaded by the whole server) they answer, too.
_OPEN = {
    "type": "loyalty_reporting",
    "auth": "none",
    "readonly": True,
    "save_session": False,
    "is_limited": False,
}
_UNAVAILABLE = 503


class LoyaltyReportingHealth(Controller):
    """What load balancers and monitoring ask."""

    @route("/api/v1/health/live", **_OPEN)
    def live(self):
        """Answer that this process serves requests."""
        return _json({"status": "alive"})

    @route(["/api/v1/health", "/api/v1/health/ready"], **_OPEN)
    def ready(self):
        """Answer whether reports can be answered, and which service is away."""
        if request.env is None:
            return _json(health.away("There is no database to answer from."), 503)
        request.env["ir.http"]._loyalty_reporting_optional()
        try:
            is_manager = request.env.uid and request.env.user.has_group(_MANAGER)
            document = request.env["loyalty.reporting.health"]._report(is_manager)
        except psycopg2.Error:
            return _json(health.away("PostgreSQL does not answer."), _UNAVAILABLE)
        is_fit = document["status"] != health.UNAVAILABLE
        return _json(document, 200 if is_fit else _UNAVAILABLE)

    @route("/api/v1/metrics", **_OPEN)
    def metrics(self):
        """Answer Prometheus: with the token of the settings, or a user's key."""
        if not _has_token():
            if request.session.uid:
                request.update_env(user=request.session.uid)
            request.env["ir.http"]._auth_method_loyalty_reporting()
            request.env["loyalty.reporting.health"]._check_reader()
        accept = request.httprequest.headers.get("Accept", "")
        body, content_type = request.env["loyalty.reporting.health"]._scrape(accept)
        headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
        return Response(body, headers=headers)


def _has_token():
    expected = request.env["loyalty.reporting.pipeline"]._settings().metrics_token
    token = request.env["ir.http"]._loyalty_reporting_token()
    is_equal = hmac.compare_digest(token.encode(), expected.encode())
    return bool(expected) and is_equal


def _json(document, status=200):
    headers = [("Cache-Control", "no-store")]
    return request.make_json_response(document, headers=headers, status=status)
