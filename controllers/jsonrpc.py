"""Odoo's JSON-RPC, exact: decimals are numbers, errors carry their problem document."""

import logging

import simplejson
from odoo.http import JsonRPCDispatcher

from ..core.errors import BadQuery
from .dispatcher import answer_of

_logger = logging.getLogger(__name__)
_FAULT_OF_OURS = 500


class LoyaltyReportingJsonRpcDispatcher(JsonRPCDispatcher):
    """Routes of Odoo's type ``jsonrpc`` but for two things, which that one cannot do.

    Decimals are written as numbers with all their digits, where Odoo writes texts; and
    ``error.data.problem`` is the RFC 9457 document that REST would answer with. As in
    Odoo, the body must be of a JSON content type: a page of another site cannot send
    one without being asked for permission first, which it does not get.
    """

    routing_type = "loyalty_reporting_jsonrpc"
    _problem = None

    def dispatch(self, endpoint, args):
        """Call the endpoint with the members of ``params``."""
        self._check_params()
        return super().dispatch(endpoint, args)

    def handle_error(self, exc):
        """Answer any error in Odoo's form."""
        self._problem, _headers = answer_of(exc)
        if self._problem["status"] >= _FAULT_OF_OURS:
            path = self.request.httprequest.path
            _logger.error("%s: %s", path, exc, exc_info=exc)
        return super().handle_error(exc)

    def _check_params(self):
        asked = self._asked()
        if not isinstance(asked, dict):
            return  # answered by Odoo itself
        params = asked.get("params", {})
        if not isinstance(params, dict):
            raise BadQuery("params", "params must be a JSON object: {name: value}.")
        if not isinstance(params.get("context") or {}, dict):
            raise BadQuery("context", "context must be a JSON object.")

    def _asked(self):
        """Return what the body says; None if it is no JSON."""
        try:
            return self.request.get_json_data()
        except RecursionError:
            raise BadQuery("params", "The request is nested too deeply.") from None
        except ValueError:
            return None

    def _id(self):
        """Return the call's id, also where it failed before it was looked at."""
        try:
            asked = self._asked()
        except BadQuery:
            return None
        return asked.get("id") if isinstance(asked, dict) else None

    def _response(self, result=None, error=None):
        body = {"jsonrpc": "2.0", "id": self._id()}
        if error is None:
            body["result"] = result
        else:
            body["error"] = self._told(error)
        return self.request.make_response(
            simplejson.dumps(body, use_decimal=True, ensure_ascii=False),
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Cache-Control", "private, no-store"),
            ],
        )

    def _told(self, error):
        """Return the error with its problem, without what is for the log only."""
        data = {
            **error["data"],
            "message": self._problem["detail"],
            "arguments": [self._problem["detail"]],
            "context": {},
            "debug": "",
            "problem": self._problem,
        }
        return {**error, "data": data}
