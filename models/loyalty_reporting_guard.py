import re

from odoo import api, models
from odoo.addons.base.models.res_users import INDEX_SIZE, KEY_CRYPT_CONTEXT

from ..core.errors import TooMany
from ..core.guard.counters import count
from ..core.guard.keys import Identity, Keys
from ..core.guard.limits import Buckets, Limiter, Quota
from ..core.guard.shared import Shared

# Keys are hexadecimal; whatever else comes is not worth a look into the database.
_KEY = re.compile(r"[\x21-\x7e]{8,256}", re.ASCII)
# The process's own memory: what it verified, and what callers spent while Redis is away.
KEYS = Keys()
BUCKETS = Buckets()
# Global keys only: they open what any of them opens in Odoo.
_SCOPE = "rpc"
_VALID = """
    SELECT 1 FROM res_users_apikeys k JOIN res_users u ON u.id = k.user_id
    WHERE k.id = %s AND k.user_id = %s AND u.active
    AND (k.scope IS NULL OR k.scope = %s)
    AND (k.expiration_date IS NULL OR k.expiration_date >= now() AT TIME ZONE 'utc')
"""
_CANDIDATES = "SELECT id, key FROM res_users_apikeys WHERE user_id = %s AND index = %s"


class LoyaltyReportingGuard(models.AbstractModel):
    """Who is calling, and how often: the same for REST, GraphQL and gRPC."""

    _name = "loyalty.reporting.guard"
    _description = "Loyalty Reporting: keys and limits"

    @api.model
    def _verify(self, key, address=""):
        """Return the id of the user whose API key this is, or None.

        A verdict stands for 5 seconds: revoking the key, its expiry and archiving the
        user take effect within these, in every process.

        :param address: where the call comes from: wrong keys are counted by it
        :raise TooMany: too many wrong keys came from there
        """
        identity = self._identify(key, address)
        return identity and identity.uid

    @api.model
    def _identify(self, key, address=""):
        """Do what :meth:`_verify` does; return an ``Identity``, or None."""
        known = KEYS.known(self.env.cr.dbname, key, self._is_valid)
        return known or self._check(key, address)

    @api.model
    def _admit(self, who, settings=None):
        """Spend one of a caller's requests.

        :param who: ``key 7``, ``user 2`` or ``address 192.0.2.1``
        :param settings: if they are at hand
        :return: a :class:`~core.guard.limits.Verdict`; None: there is no limit
        """
        settings = settings or self.env["loyalty.reporting.pipeline"]._settings()
        quota = Quota("default", settings.rate_limit, settings.rate_burst)
        verdict = self._limiter(settings).spend(who, quota)
        if verdict and not verdict.is_allowed:
            count("rate_limited", policy=quota.name)
        return verdict

    @api.model
    def _namespace(self):
        """Return what sets this database apart from others that share a Redis."""
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return f"{uuid}/{self.env.cr.dbname}"

    def _limiter(self, settings):
        return Limiter(Shared(settings.redis_url), self._namespace(), BUCKETS)

    def _check(self, key, address):
        """Check a key in full, unless its address sent too many wrong ones.

        Keys that are known are let in from there all the same: a proxy may stand
        before many.
        """
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        limiter = self._limiter(settings)
        who, quota = f"address {address}", Quota("auth", settings.auth_failures)
        verdict = limiter.look(who, quota)
        if verdict and not verdict.is_allowed:
            count("rate_limited", policy=quota.name)
            raise TooMany(
                "Too many wrong API keys came from your address; wait "
                f"{verdict.retry_after} s.",
                verdict.retry_after,
                quota.name,
            )
        asked_at = KEYS.now()
        identity = self._identity_of(key)
        if identity:
            KEYS.remember(self.env.cr.dbname, key, identity, asked_at)
        else:
            count("auth_failure")
            limiter.spend(who, quota)
        return identity

    def _identity_of(self, key):
        if not _KEY.fullmatch(key):
            return None
        count("key_checked")
        keys = self.env["res.users.apikeys"]
        uid = keys._check_credentials(scope=_SCOPE, key=key)
        if not uid:
            return None
        self.env.cr.execute(_CANDIDATES, [uid, key[:INDEX_SIZE]])
        candidates = self.env.cr.fetchall()
        for key_id, digest in candidates:
            if len(candidates) == 1 or KEY_CRYPT_CONTEXT.verify(key, digest):
                return Identity(uid, key_id)
        return None

    def _is_valid(self, identity):
        self.env.cr.execute(_VALID, [identity.key_id, identity.uid, _SCOPE])
        return bool(self.env.cr.fetchone())
