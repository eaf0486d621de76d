"""The dashboard of the web client."""

from odoo.http import Controller, request, route

from . import jsonrpc  # noqa: F401 (makes its type of routes known)


class LoyaltyReportingDashboard(Controller):
    """All panels of the dashboard with one request."""

    @route(
        "/loyalty_reporting/dashboard",
        type="loyalty_reporting_jsonrpc",
        auth="loyalty_reporting",
        methods=["POST"],
        readonly=True,
        save_session=False,
    )
    def dashboard(self, **given):
        """Answer what the dashboard shows; see ``loyalty.reporting.dashboard``."""
        return request.env["loyalty.reporting.dashboard"]._dashboard(given)
