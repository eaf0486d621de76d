from odoo.http import Controller, request, route

from ..core.database import CORE

PROTO = CORE / "api" / "grpc" / "loyalty_reporting.proto"


class LoyaltyReportingProto(Controller):
    """What a gRPC client is built of, from the server that it will ask."""

    @route(
        "/api/v1/loyalty_reporting.proto",
        type="loyalty_reporting",
        auth="loyalty_reporting",
        readonly=True,
        save_session=False,
    )
    def proto(self):
        """Answer with the .proto."""
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        return request.make_response(PROTO.read_bytes(), headers=headers)
