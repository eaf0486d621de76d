from odoo import models
from odoo.exceptions import AccessDenied
from odoo.http import request

_BEARER = "bearer "


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_loyalty_reporting(cls):
        """Let in an Odoo API key, or the session of a page of this very server.

        A key is checked at each request, so that revoking it takes effect at once.
        """
        headers = request.httprequest.headers
        authorization = headers.get("Authorization", "")
        if authorization.lower().startswith(_BEARER):
            cls._let_in_key(authorization[len(_BEARER) :].strip())
        elif authorization:
            raise AccessDenied()
        else:
            if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
                raise AccessDenied()
            cls._auth_method_user()

    @classmethod
    def _auth_method_loyalty_reporting_link(cls):
        """Let in whoever brings a token, which the route must check, or as above."""
        if "token" in request.httprequest.args:
            cls._auth_method_public()
        else:
            cls._auth_method_loyalty_reporting()

    @classmethod
    def _let_in_key(cls, key):
        keys = request.env["res.users.apikeys"]
        uid = key and keys._check_credentials(scope="rpc", key=key)
        if not uid:
            raise AccessDenied()
        if request.env.uid and request.env.uid != uid and request.session.uid:
            raise AccessDenied()
        request.update_env(user=uid)
        request.session.can_save = False
