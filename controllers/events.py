"""Events that external systems push."""

from odoo.exceptions import AccessDenied
from odoo.http import Controller, request, route
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from ..core.errors import NotFound

_TYPES = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
)
_MOST_BYTES = 10_000_000


class LoyaltyReportingEvents(Controller):
    """CloudEvents in, a verdict on each of them out."""

    @route(
        "/api/v1/events",
        type="loyalty_reporting",
        auth="loyalty_reporting",
        methods=["POST"],
        save_session=False,
    )
    def events(self):
        """Load one event or an array of events into the source ``?source=code``.

        A key is asked for: what a browser sends by itself could be forged.
        """
        http = request.httprequest
        if not http.headers.get("Authorization", "").lower().startswith("bearer "):
            raise AccessDenied()
        if http.mimetype not in _TYPES:
            raise UnsupportedMediaType(f"Send one of {', '.join(_TYPES)}.")
        if (http.content_length or 0) > _MOST_BYTES:
            raise RequestEntityTooLarge(f"A request has at most {_MOST_BYTES} bytes.")
        verdicts = _source()._receive(http.get_data(cache=False))
        counts = {}
        for verdict in verdicts:
            counts[verdict.verdict] = counts.get(verdict.verdict, 0) + 1
        body = {"counts": counts, "events": [_shown(verdict) for verdict in verdicts]}
        return request.make_json_response(body)


def _source():
    """Return the source to which the caller may push: the one named, or the only one."""
    code = request.httprequest.args.get("source")
    domain = [("type", "=", "push"), ("sender_ids", "in", request.env.uid)]
    if code is not None:
        domain.append(("code", "=", code))
    found = request.env["loyalty.reporting.source"].sudo().search(domain)
    if len(found) != 1:
        raise NotFound(
            "source",
            "Name a source that you may push to: ?source=code. A manager makes it, "
            "of type Pushed events, with you among its senders.",
        )
    return found


def _shown(verdict):
    source, key = verdict.name
    shown = {"source": source, "id": key, "verdict": verdict.verdict}
    return {**shown, "reason": verdict.reason} if verdict.reason else shown
