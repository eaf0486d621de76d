"""The engine's own PostgreSQL database, read incrementally by transaction id.

A row is read when its transaction lies before every transaction that was running
when the run began (``pg_snapshot_xmin``): nothing that commits later can slip in
behind the cursor. Rows only tell which documents changed; a changed document is
always read whole.

Positions (JSON): ``first`` loads months in bulk; ``window`` reads the documents
touched by transactions ``low`` ≤ txid < ``high``, in the order of their keys;
``sweep`` reads all documents by key and finds those that are gone, after the
engine was restored or truncated.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

from ..database import connect
from ..errors import ConfigurationError
from . import contract
from .checks import faults_of, look_at
from .engine_reading import EngineReading
from .explain import explained


@dataclass(frozen=True)
class EnginePgSource:
    """A source record of type ``engine_pg``.

    :param dsn: URL of the engine's database; a read-only role is enough
    :param queries: table → extraction query; defaults to the contract's tables
    :param chunk_documents: documents in one load
    :param timeout: seconds a statement may take there
    """

    type = "engine_pg"

    dsn: str = field(repr=False)
    queries: dict = field(default_factory=contract.default_queries)
    chunk_documents: int = 3000
    timeout: int = 600

    def check(self):
        """Return what is missing or mistyped, as sentences."""
        with self._connection() as connection:
            return faults_of(connection, self.queries)

    def version(self):
        """Return the version of the engine's server, such as ``15.18``."""
        with self._connection() as connection:
            return connection.get_parameter_status("server_version")

    def preview(self, table, limit=5):
        """Return (column names, first rows) of a table's extraction query."""
        with self._connection() as connection, connection.cursor() as cr:
            cr.execute(f"SELECT * FROM ({self.queries[table]}) q LIMIT {int(limit)}")
            return [column.name for column in cr.description], cr.fetchall()

    @contextmanager
    def reading(self):
        """Open one snapshot of the engine and check that it fits the contract."""
        with self._connection() as connection:
            faults, given = look_at(connection, self.queries)
            if faults:
                raise ConfigurationError(
                    "The engine does not offer what the source's queries must give: "
                    + "; ".join(faults)
                )
            connection.rollback()
            yield EngineReading(self, connection, given)

    @contextmanager
    def _connection(self):
        if not self.dsn:
            raise ConfigurationError(
                "No engine database is configured: set LOYALTY_REPORTING_ENGINE_DSN "
                "in the environment, or loyalty_reporting_engine_dsn in odoo.conf."
            )
        with explained():
            connection = connect(
                self.dsn,
                readonly=True,
                timeout=self.timeout,
                application="loyalty_reporting source",
            )
            with connection.cursor() as cr:
                # Documents are read by key: the default of spinning disks would
                # make the planner scan whole tables for a month of orders.
                cr.execute("SET random_page_cost = 1.1")
            connection.commit()
            if connection.get_parameter_status("server_encoding") == "SQL_ASCII":
                # Such a server converts nothing, whatever we call its bytes.
                connection.set_client_encoding("LATIN1")
        try:
            with explained():
                yield connection
        finally:
            connection.close()
