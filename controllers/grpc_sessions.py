"""What a gRPC call reads through: a transaction and an environment of its own."""

import contextlib
import threading
import time
from contextlib import contextmanager

import psycopg2
from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessDenied
from odoo.modules.registry import Registry

from ..core.guard.counters import hand_over_soon
from ..core.guard.shared import Shared
from ..models.loyalty_reporting_reader import DEADLINE
from .dispatcher import answer_of


class Sessions:
    """Opens the sessions of one database's calls.

    :param database: its name
    """

    def __init__(self, database):
        self._database = database

    @contextmanager
    def __call__(self, call):
        """Yield the ``loyalty.reporting.reader`` of the call's user, and close it again.

        A query is stopped where the call ends before it does: it is given no more time
        than the call has left, and cancelled when the caller hangs up.

        :param call: :class:`~core.api.grpc.calls.Call`
        :raise AccessDenied: no valid key
        """
        threading.current_thread().dbname = self._database
        with (
            Registry(self._database).cursor(readonly=True) as cr,
            call.stopping(_canceller(cr)),
        ):
            # Modules may have been installed or updated by another process.
            Registry(self._database).check_signaling(cr)
            env = api.Environment(cr, SUPERUSER_ID, {})
            guard = env["loyalty.reporting.guard"]
            call.user = user_of(guard, call.key, call.context.peer())
            settings = env["loyalty.reporting.pipeline"]._settings()
            shared, namespace = Shared(settings.redis_url), guard._namespace()
            context = {}
            if call.seconds_left is not None:
                context[DEADLINE] = time.monotonic() + call.seconds_left
            try:
                yield api.Environment(cr, call.user, context)[
                    "loyalty.reporting.reader"
                ]
            finally:
                hand_over_soon(shared, namespace)

    def answers(self):
        """Tell whether the database answers."""
        try:
            with Registry(self._database).cursor() as cr:
                cr.execute("SELECT 1")
        except psycopg2.Error:
            return False
        return True


def user_of(guard, key, peer):
    """Return the id of the user that an API key lets in, and spend one of its calls.

    :param guard: ``loyalty.reporting.guard`` of the superuser
    :param peer: where the call comes from, as gRPC writes it
    :raise AccessDenied: the key is wrong, expired, revoked or of an inactive user
    :raise TooMany: there is no call left, or too many wrong keys came from there
    """
    address = peer.rpartition(":")[0]
    identity = key and guard._identify(key, address)
    if not identity:
        raise AccessDenied()
    verdict = guard._admit(f"key {identity.key_id}")
    if verdict and not verdict.is_allowed:
        raise verdict.refusal()
    return identity.uid


def document_of(error):
    """Return the problem document of an error, as REST would answer it."""
    return answer_of(error)[0]


def _canceller(cr):
    """Return what stops the query that a cursor runs, from another thread."""

    def cancel():
        with contextlib.suppress(psycopg2.Error):
            cr.connection.cancel()

    return cancel
