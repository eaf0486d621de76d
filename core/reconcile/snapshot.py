"""One look at the reporting database, with the staging tables of a load at hand."""

from contextlib import contextmanager

from ..database import sql
from ..records import Counts
from ..stores import staging
from ..stores.postgres import PostgresStore, judge, transform
from ..stores.reporting import explained


class Snapshot(PostgresStore):
    """A store that looks and loads nothing: whatever it stages is rolled back."""

    _cursor = None

    def __init__(self, dsn, source_name="", source="", **options):
        super().__init__(dsn, source_name, source, **options)
        self.make_stages()
        self._connection.set_session(isolation_level="REPEATABLE READ")

    @contextmanager
    def look(self):
        """Give a cursor; all that it reads is of one instant, all it writes is lost."""
        with explained(), self._connection.cursor() as cr:
            self._cursor = cr
            try:
                # Sums of what a month holds, in memory if that is possible.
                cr.execute("SET LOCAL work_mem = '64MB'")
                yield cr
            finally:
                self._cursor = None
                self._connection.rollback()

    @contextmanager
    def transaction(self):
        """Give the cursor of the look that is open, if one is."""
        if self._cursor is None:
            with super().transaction() as cr:
                yield cr
        else:
            with explained():
                yield self._cursor

    def examine(self, chunk):
        """Stage a chunk as a load would, up to the point of writing.

        :return: how many documents it holds
        """
        values = self.values_of(chunk)
        with self.transaction() as cr:
            staging.fill(cr, chunk, values)
            judge(cr, values)
            cr.execute(sql("stores/sql/identify.sql"), values)
            transform(cr, Counts(), values)
            cr.execute(sql("reconcile/sql/staged.sql"))
            cr.execute("SELECT count(*) FROM stage_document WHERE state <> 'gone'")
            return cr.fetchone()[0]
