"""What stands around a request of the API: limit, headers, access log, counters."""

import logging

from ..core.guard import access, origins, trace
from ..core.guard.counters import hand_over_soon, observe
from ..core.guard.shared import Shared
from ..core.queries import REPORTS
from ..core.settings import Settings

_logger = logging.getLogger(__name__)
_EMPTY = (204, 304)
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# A name that does not change with the code: sites send its lines elsewhere.
_access = logging.getLogger("odoo.addons.loyalty_reporting.access")


class Guarded:
    """One request; made while Odoo's environment is there, used after it is gone."""

    def __init__(self, request, traced):
        self._request, self._trace = request, traced
        self._verdict = None
        self._settings, self._namespace = _known(request)
        self.origins = origins.origins(self._settings.cors_origins)

    def admit(self):
        """Spend one request of the caller's.

        :raise TooMany: there is none left
        """
        if self._verdict:
            return  # Odoo tries again after a collision in the database
        guard = self._request.env and self._request.env["loyalty.reporting.guard"]
        if guard is None:
            return
        self._verdict = verdict = guard._admit(self._who(), self._settings)
        if verdict and not verdict.is_allowed:
            raise verdict.refusal()

    def finish(self, response, routing):
        """Put on the headers of every answer, and see to it that it is logged."""
        headers = response.headers
        headers["X-Request-Id"] = self._trace.request_id
        if self._verdict:
            headers.update(self._verdict.headers())
        origin = self._request.httprequest.headers.get("Origin", "")
        for name, value in origins.headers(self.origins, origin).items():
            if name == "Vary" and value not in headers.getlist(name):
                headers.add(name, value)
            headers.setdefault(name, value)
        Closing(self, response, routing, self._facts(response, routing))

    def closed(self, routing, facts):
        """Log and count what became of the request, once its last byte is sent."""
        trace.resume(self._trace)
        is_limited = routing.get("is_limited", True)
        level = logging.INFO if is_limited else logging.DEBUG
        _access.log(level, "%s", access.line(self._trace, **facts))
        if is_limited:
            labels = {k: facts[k] for k in ("method", "route", "status")}
            observe("request", self._trace.seconds, **labels)
        hand_over_soon(Shared(self._settings.redis_url), self._namespace)
        trace.end()

    def _who(self):
        facts = self._trace.facts
        if "key" in facts:
            return f"key {facts['key']}"
        if "user" in facts:
            return f"user {facts['user']}"
        return f"address {self._request.httprequest.remote_addr}"

    def _facts(self, response, routing):
        http = self._request.httprequest
        report = REPORTS.get(self._trace.facts.get("report"))
        return {
            # Whoever invents methods makes no labels of metrics with them.
            "method": http.method if http.method in _METHODS else "other",
            "route": routing.get("routes", [""])[-1],
            "status": response.status_code,
            "parameters": access.shown(report, dict(http.args.lists())) or None,
            "address": http.remote_addr,
        }


class Closing:
    """Counts the bytes of an answer on its way, and tells when it is through."""

    def __init__(self, guarded, response, routing, facts):
        self._guarded, self._routing, self._facts = guarded, routing, facts
        self._bytes = 0
        if response.is_streamed:
            response.response = self._counted(response.response)
        elif facts["method"] != "HEAD" and response.status_code not in _EMPTY:
            self._bytes = len(response.get_data())
        response.call_on_close(self._closed)

    def _counted(self, parts):
        try:
            for part in parts:
                data = part.encode() if isinstance(part, str) else part
                self._bytes += len(data)
                yield data
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def _closed(self):
        try:
            self._guarded.closed(self._routing, {**self._facts, "bytes": self._bytes})
        except Exception:
            # The answer is gone; whoever serves the next one must not suffer.
            _logger.exception("A request could not be logged.")


def _known(request):
    """Return (settings, what sets this database apart), as far as there are any."""
    try:
        if request.env is not None:
            guard = request.env["loyalty.reporting.guard"]
            settings = request.env["loyalty.reporting.pipeline"]._settings()
            return settings, guard._namespace()
    except Exception:
        # That very error is perhaps what is being answered.
        _logger.warning("The settings cannot be read now.", exc_info=True)
    return Settings(), ""
