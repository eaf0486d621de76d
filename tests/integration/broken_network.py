"""A network of which the n-th call fails, and with it the connection that made it."""

import threading
from contextlib import contextmanager
from functools import partial

import psycopg2
import redis
from psycopg2 import extensions

BROKEN = "the network is gone"
# What our connections to Redis are called; those of the tests have no name.
OURS = "loyalty_reporting"


class Network:
    """Counts the calls to some servers.

    :param nth: the call that fails; none if 0
    :param is_done: whether it reaches the server, so that only its answer is lost
    :param dsns: databases whose calls count
    :param has_redis: whether those of the consumers to Redis count, too
    """

    def __init__(self, nth=0, is_done=False, dsns=(), has_redis=False):
        self.nth, self.is_done, self.dsns = nth, is_done, dsns
        self.has_redis = has_redis
        self.calls = 0
        self._counting = threading.Lock()

    @property
    def is_broken(self):
        """Whether the call that fails was made."""
        return 0 < self.nth <= self.calls

    def call(self, work, cut, error):
        """Make a call; if its turn has come, ``cut`` the connection and raise."""
        with self._counting:
            self.calls += 1
            fails = self.calls == self.nth
        if not fails:
            return work()
        try:
            made = work() if self.is_done else None
        finally:
            cut()
        if hasattr(made, "close"):
            made.close()
        raise error(BROKEN)

    @contextmanager
    def used(self):
        """All connections that are made meanwhile use this network."""
        connect, execute = psycopg2.connect, redis.Redis.execute_command
        kind = type("Connection", (_Connection,), {"network": self})

        def connect_over_it(dsn=None, **options):
            if dsn not in self.dsns:
                return connect(dsn, **options)
            work = partial(connect, dsn, connection_factory=kind, **options)
            return self.call(work, lambda: None, psycopg2.OperationalError)

        def execute_over_it(client, *arguments, **options):
            work = partial(execute, client, *arguments, **options)
            pool = client.connection_pool
            if pool.connection_kwargs.get("client_name") != OURS:
                return work()
            return self.call(work, pool.disconnect, redis.ConnectionError)

        psycopg2.connect = connect_over_it
        if self.has_redis:
            redis.Redis.execute_command = execute_over_it
        try:
            yield self
        finally:
            psycopg2.connect = connect
            redis.Redis.execute_command = execute


class _Cursor(extensions.cursor):
    """A cursor of a connection over a network."""

    def _fetched(self, work):
        # Only what the server keeps for us is fetched over the network.
        return self.connection.over(work) if self.name else work()

    def execute(self, *arguments):
        return self.connection.over(partial(super().execute, *arguments))

    def executemany(self, *arguments):
        return self.connection.over(partial(super().executemany, *arguments))

    def copy_expert(self, *arguments):
        return self.connection.over(partial(super().copy_expert, *arguments))

    def fetchone(self):
        return self._fetched(super().fetchone)

    def fetchmany(self, *arguments):
        return self._fetched(partial(super().fetchmany, *arguments))

    def fetchall(self):
        return self._fetched(super().fetchall)


class _Connection(extensions.connection):
    """A connection over a network."""

    network = None

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cursor_factory = _Cursor

    def over(self, work):
        return self.network.call(work, self.close, psycopg2.OperationalError)

    def commit(self):
        return self.over(super().commit)

    def rollback(self):
        return self.over(super().rollback)
