"""The engine's database as the live replay writes it: a step is a transaction."""

from collections.abc import Callable
from contextlib import suppress

import psycopg2
from psycopg2 import sql

from .patience import Patience
from .rows import Change, Step

LOCK_NAME = "loyalty_reporting.reference_engine.replay"
AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError)


class EngineDatabase:
    """One connection, which is made again when it breaks.

    At most one replay writes to an engine: ids are counted in its process.
    """

    def __init__(self, dsn: str, say: Callable, stopped: Callable[[], bool]):
        self._dsn = dsn
        self._patience = Patience("PostgreSQL", say, stopped)
        self._connection = None

    def open(self) -> None:
        """Connect.

        :raise psycopg2.OperationalError: the server is away, or another replay runs
        """
        self._connection = psycopg2.connect(self._dsn, client_encoding="UTF8")
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK_NAME])
            if not cursor.fetchone()[0]:
                raise psycopg2.OperationalError("another replay writes to this engine")

    def read(self, query: Callable):
        """Call a function with a cursor, in a transaction, and return its result."""
        with self._connection, self._connection.cursor() as cursor:
            return query(cursor)

    def write(self, step: Step) -> None:
        """Write a step in one transaction, exactly once, however long it takes.

        :raise GaveUp: the replay was told to stop while the server was away
        """
        transaction = None
        while True:
            try:
                if self._connection is None:
                    self.open()
                if transaction is None or not self._is_committed(transaction):
                    transaction = self._execute(step)
                    self._connection.commit()
                return self._patience.works()
            except AWAY as error:
                self.close()
                self._patience.wait(error)

    def close(self) -> None:
        """Disconnect; what is not committed is undone by the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*AWAY):
                connection.close()

    def _execute(self, step: Step) -> str:
        with self._connection.cursor() as cursor:
            statements = [
                cursor.mogrify(*_statement(change)) for change in step.changes
            ]
            # All in one message to the server, and by which transaction it was done.
            statements.append(b"SELECT pg_current_xact_id()::text")
            cursor.execute(b";\n".join(statements))
            return cursor.fetchone()[0]

    def _is_committed(self, transaction: str) -> bool:
        """Whether a transaction got through whose commit was not answered."""
        try:
            with self._connection, self._connection.cursor() as cursor:
                cursor.execute("SELECT pg_xact_status(%s::xid8)", [transaction])
                status = cursor.fetchone()[0]
        except psycopg2.errors.InvalidParameterValue:
            # In the future: the server died before it had written down anything of it.
            return False
        if status == "in progress":
            raise psycopg2.OperationalError("its last transaction is still open")
        return status == "committed"


def _statement(change: Change) -> tuple[sql.Composable, dict]:
    table = sql.Identifier("engine", change.table)
    if change.operation == "delete":
        return sql.SQL("DELETE FROM {} WHERE id = %(id)s").format(table), change.row
    names = [name for name in change.row if name != "version"]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    values = sql.SQL(", ").join(map(sql.Placeholder, names))
    # The version is the triggers' business.
    form = "INSERT INTO {} ({}) VALUES ({})"
    if change.operation == "update":
        form = "UPDATE {} SET ({}) = ROW ({}) WHERE id = %(id)s"
    return sql.SQL(form).format(table, columns, values), change.row
