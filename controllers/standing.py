"""JSON-RPC for the POS and the web client."""

from odoo.http import Controller, request, route
from simplejson import RawJSON

from ..core.api import rest, rpc
from . import jsonrpc  # noqa: F401 (makes its type of routes known)

_RPC = {
    "type": "loyalty_reporting_jsonrpc",
    "auth": "loyalty_reporting",
    "methods": ["POST"],
    "readonly": True,
    "save_session": False,
}


class LoyaltyReportingRpc(Controller):
    """Reading over JSON-RPC, with a session or an API key."""

    @route("/api/v1/standing", **_RPC)
    def standing(self, **given):
        """Answer where a customer stands."""
        return request.env["loyalty.reporting.standing"]._standing(given)

    @route("/api/v1/rpc/reports", **_RPC)
    def report(self, **given):
        """Answer a report of the registry: what REST answers, as the result."""
        slug, parameters = rpc.asked(given)
        reader = request.env["loyalty.reporting.reader"]
        query = reader._query(slug, parameters)
        return RawJSON(rest.body(query, reader._answer(query)))
