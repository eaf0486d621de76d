from odoo import models
from odoo.exceptions import AccessDenied
from odoo.http import request
from werkzeug.exceptions import InternalServerError, TooManyRequests

from ..core.errors import ConfigurationError, TooMany
from ..core.guard import trace
from ..core.guard.origins import is_own

_BEARER = "bearer "


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _authenticate(cls, endpoint):
        """Tell our dispatcher which route it is, before anything can fail."""
        if endpoint.routing["type"].startswith("loyalty_reporting"):
            request.dispatcher.routing = endpoint.routing
        return super()._authenticate(endpoint)

    @classmethod
    def _auth_method_loyalty_reporting(cls):
        """Let in an Odoo API key, or the session of a page of this very server.

        A browser that asks before it calls (OPTIONS) has no key yet.
        """
        http = request.httprequest
        authorization = http.headers.get("Authorization", "")
        if http.method == "OPTIONS":
            cls._auth_method_public()
        elif key := cls._loyalty_reporting_token():
            cls._let_in_key(key)
        elif authorization:
            raise AccessDenied()
        else:
            cls._let_in_session()

    @classmethod
    def _loyalty_reporting_optional(cls):
        """Let in whoever says who they are, and nobody in particular otherwise.

        For routes that need no database, whose ``auth`` is therefore ``none``.
        """
        http = request.httprequest
        if request.session.uid:
            request.update_env(user=request.session.uid)
        if http.headers.get("Authorization") or request.session.uid:
            cls._auth_method_loyalty_reporting()

    @classmethod
    def _loyalty_reporting_token(cls):
        """Return the bearer token of the request, or an empty text."""
        authorization = request.httprequest.headers.get("Authorization", "")
        if authorization.lower().startswith(_BEARER):
            return authorization[len(_BEARER) :].strip()
        return ""

    @classmethod
    def _let_in_session(cls):
        """Let in the user of the session; no page of another origin speaks for it."""
        http = request.httprequest
        site = http.headers.get("Sec-Fetch-Site", "none")
        origin = http.headers.get("Origin", "")
        if site not in ("none", "same-origin") or not is_own(origin, http.host):
            raise AccessDenied()
        cls._auth_method_user()
        trace.note(user=request.env.uid)

    @classmethod
    def _auth_method_loyalty_reporting_link(cls):
        """Let in whoever brings a token, which the route must check, or as above."""
        if "token" in request.httprequest.args:
            cls._auth_method_public()
        else:
            cls._auth_method_loyalty_reporting()

    @classmethod
    def _let_in_key(cls, key):
        try:
            guard = request.env["loyalty.reporting.guard"]
            identity = guard._identify(key, request.httprequest.remote_addr or "")
        except TooMany as e:
            # Of any other error while authenticating Odoo makes AccessDenied.
            raise TooManyRequests(str(e), retry_after=e.seconds) from e
        except ConfigurationError as e:
            raise InternalServerError(str(e)) from e
        if not identity:
            raise AccessDenied()
        uid = identity.uid
        if request.env.uid and request.env.uid != uid and request.session.uid:
            raise AccessDenied()
        request.update_env(user=uid)
        request.session.can_save = False
        trace.note(user=uid, key=identity.key_id)
