"""One call: who it is, its turn, its session, its end and its line in the log."""

import json
import logging
import re
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg2
import psycopg2.pool
from grpc import StatusCode

from ...database import words_of
from ..problems import problem
from . import failures

_logger = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[\w.:/-]{1,100}", re.ASCII)
_BEARER = "bearer "
_ENDLESS = 10**8
_STOP_SECONDS = 0.2
_AWAY = problem(503, "The reporting database does not answer; try again.")
_LATE = problem(504, "The call's deadline is over; ask for less, or give it more time.")
_GONE = problem(499, "The call was cancelled.")
_NO_DATABASE = (
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
    psycopg2.pool.PoolError,
)


class Over(Exception):
    """Nobody waits for the answer any more."""


@dataclass
class Call:
    """A running call, as its session sees it.

    :param key: the API key, or ""
    :param user: set by the session: the id of the key's user
    :param rows: that were sent
    """

    method: str
    context: object = field(repr=False)
    key: str = field(repr=False)
    request_id: str
    started: float = field(default_factory=time.monotonic)
    user: int | None = None
    rows: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def seconds_left(self):
        """Seconds until the deadline; None without one."""
        left = self.context.time_remaining()
        # gRPC's own word for none is a deadline in the far future.
        return None if left is None or left > _ENDLESS else left

    @property
    def is_over(self):
        """Whether nobody waits for the answer any more."""
        left = self.seconds_left
        return not self.context.is_active() or (left is not None and left <= 0)

    @contextmanager
    def stopping(self, stop):
        """Have ``stop`` called, in a thread of its own, if the call ends within.

        Again and again until the block is left: what is begun after it, is stopped too.
        It is not called after that: by then what it stops (a connection) may serve
        another call.

        :raise Over: it has ended before
        """
        running = True

        def stop_all():
            while running:
                with self._lock:
                    if running:
                        stop()
                time.sleep(_STOP_SECONDS)

        def ended():
            if running:
                threading.Thread(target=stop_all, daemon=True).start()

        if not self.context.add_callback(ended):
            raise Over()
        try:
            yield
        finally:
            with self._lock:
                running = False


class Calls:
    """Opens calls; what goes wrong in one becomes its status.

    :param sessions: function (:class:`Call`) → context manager of a reader of reports
    :param documents: function (exception) → its problem document
    :param admission: :class:`~core.api.grpc.admission.Admission`
    """

    def __init__(self, sessions, documents, admission):
        self._sessions = sessions
        self._documents = documents
        self._admission = admission

    @contextmanager
    def open(self, method, context):
        """Give a call its turn and its session: yields (call, reader)."""
        call = _call(method, context)
        context.set_trailing_metadata((("x-request-id", call.request_id),))
        failed, code = None, StatusCode.OK
        try:
            with (
                self._admission.turn(call.seconds_left),
                self._sessions(call) as reader,
            ):
                yield call, reader
            if call.is_over:
                failed = self._failure(call, None)
        except GeneratorExit:
            code = StatusCode.CANCELLED
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller is told)
            failed = self._failure(call, error)
        finally:
            _log(call, failures.code_of(failed[0]) if failed else code)
        if failed:
            _abort(call, *failed)

    def _failure(self, call, error):
        """Return (problem document, seconds to wait) of an error."""
        if call.is_over:
            left = call.seconds_left
            return (_LATE if left is not None and left <= 0 else _GONE), None
        if isinstance(error, _NO_DATABASE):
            _logger.warning("%s: %s", call.method, words_of(error))
            return _AWAY, 1
        document = self._documents(error)
        if failures.code_of(document) is StatusCode.INTERNAL:
            _logger.error("%s: %s", call.method, error, exc_info=error)
        return document, getattr(error, "seconds", None)


def _call(method, context):
    sent = dict(context.invocation_metadata())
    key, asked = sent.get("authorization", ""), sent.get("x-request-id", "")
    is_bearer = key.lower().startswith(_BEARER)
    return Call(
        method,
        context,
        key[len(_BEARER) :].strip() if is_bearer else "",
        asked if _REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex,
    )


def _abort(call, document, seconds):
    status = failures.status(document, seconds)
    metadata = (*status.trailing_metadata, ("x-request-id", call.request_id))
    call.context.abort_with_status(status._replace(trailing_metadata=metadata))


def _log(call, code):
    """Write the one line of a call; it holds no key and nothing of the request."""
    line = {
        "method": call.method,
        "code": code.name,
        "ms": round((time.monotonic() - call.started) * 1000, 1),
        "rows": call.rows,
        "user": call.user,
        "peer": call.context.peer(),
        "request_id": call.request_id,
    }
    _logger.info("%s", json.dumps(line))
