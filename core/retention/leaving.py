"""A month of a tier on its way out: archive, verify, freeze, detach, drop.

Each step is noted before and after it, so that a process that is killed at any instant is
gone on with by the next run; whatever was begun is done again. Called by one worker at a
time (the lock ``retention``).
"""

from contextlib import closing, contextmanager

from psycopg2 import extensions

from ..database import sql
from ..errors import ReportingError
from ..stores import loads, partitions, summary
from ..stores.reporting import connect, explained
from . import archive, copy, generations, months
from .files import Location
from .months import State
from .policy import Tier
from .tables import TABLES

_IS_PENDING = """
    SELECT c.relname, i.inhdetachpending FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = %s::regclass AND c.relname = %s
"""


def nothing(_step, _month):
    """Do nothing between two steps: tests do."""


def leave(dsn, tier, month, address, between=nothing):
    """Take a month of a tier out of the database, from whatever step it has reached.

    :param address: where its files go, unless they are there already
    :param between: called with (step, month) after each step
    :return: whether it is gone; not if a load wrote to it meanwhile, or detail that its
        aggregates follow from is here: a later run tries again
    :raise StoreError: the files cannot be written; nothing was removed
    """
    with closing(connect(dsn, "loyalty_reporting archive")) as connection:
        kind = _Detail if tier == Tier.DETAIL else _Aggregates
        month_of = kind(dsn, connection, month, address, between)
        if month_of.state() not in (State.LEAVING, State.ARCHIVED):
            month_of.write()
        if month_of.state() == State.VERIFIED and not month_of.close():
            return False
        month_of.take_out()
        return True


def rewrite(dsn, tier, month):
    """Have the files of a month hold what its rows are now; these stay.

    :raise StoreError: as of :func:`leave`
    """
    with closing(connect(dsn, "loyalty_reporting archive")) as connection:
        kind = _Detail if tier == Tier.DETAIL else _Aggregates
        kind(dsn, connection, month, "", nothing).write()


class _Month:
    tier = None

    def __init__(self, dsn, connection, month, address, between):
        self._dsn, self._connection, self._month = dsn, connection, month
        self._address, self._between = address, between

    def state(self):
        """Return how far it is; None before the first step."""
        with self._transaction() as cr:
            found = months.known(cr, self.tier, self._month)
            return found[0].state if found else None

    def write(self):
        """Write its files, unless those there are hold the same, and verify them."""
        with self._transaction() as cr:
            # All loads until here are seen by what is written, later ones see the mark.
            loads.lock(cr)
            months.begin(cr, self.tier, self._month, self._address)
        self._between("begun", self._month)
        with (
            closing(self._snapshot()) as snapshot,
            explained(),
            snapshot.cursor() as cr,
        ):
            [known] = months.known(cr, self.tier, self._month)
            address, manifest = self._address or known.location, known.manifest
            location = Location(address)
            if not (
                manifest
                and address == known.location
                and archive.is_whole(location, manifest)
                and archive.is_as_told(cr, manifest)
            ):
                manifest = self._written(cr, location, known)
        self._between("written", self._month)
        with self._transaction() as cr:
            # Loads that change what it finds mark the month as changed.
            self._find(cr)
            months.save(cr, self.tier, self._month, address, manifest)
        self._between("saved", self._month)
        with self._transaction() as cr:
            # Also those of a process that was killed after it had saved the newer one.
            for other in {known.location, address}:
                location = Location(other)
                if generations.is_own(cr, location):
                    generations.tidy(
                        location,
                        self.tier,
                        self._month,
                        manifest if other == address else None,
                        known.writer,
                    )
        self._between("verified", self._month)

    def _written(self, cr, location, known):
        generations.claim(cr, location)
        current = known.manifest if location.address == known.location else None
        of_month = location, self.tier, self._month
        generations.tidy(*of_month, current, known.writer)
        number = max(known.generation + 1, generations.next_number(*of_month))
        try:
            return archive.write(cr, *of_month, number, writer=known.writer)
        except ReportingError:
            generations.tidy(*of_month, current, known.writer)
            raise

    def close(self):
        """Let no load write to it any more. Returns whether it is as it was written.

        What must stay of it is written down before the load lock is taken, and seen by
        nobody until the commit: loads wait for a look and the commit alone, however many
        rows it has. If one came that matters, all of it is rolled back.
        """
        with self._transaction() as cr:
            # Loads until here did not know yet what was found of it.
            loads.lock(cr)
            seen = loads.newest(cr)
            is_closed = self._may_close(cr, seen)
        with self._transaction() as cr:
            if is_closed:
                self._keep(cr)
                self._between("kept", self._month)
                loads.lock(cr)
                is_closed = self._may_close(cr, seen)
            if not is_closed:
                self._connection.rollback()
            # What is written may be old by the next run.
            state = State.LEAVING if is_closed else State.WRITING
            months.mark(cr, self.tier, self._month, state)
        if is_closed:
            self._between("frozen", self._month)
        return is_closed

    def _may_close(self, cr, seen):
        """Tell whether it, and what is kept of it, is as after a load; under the load lock."""
        [known] = months.known(cr, self.tier, self._month)
        return (
            not known.is_changed
            and not loads.have_changed(cr, seen, self._month)
            and self._may_leave(cr)
        )

    def take_out(self):
        """Detach and drop its partitions; readers of the other months do not wait."""
        for table in TABLES[self.tier]:
            self._detach(table)
            self._between(f"detached {table}", self._month)
        with self._transaction() as cr:
            self._tell(cr)
            for table in TABLES[self.tier]:
                name = partitions.name_of(table, self._month)
                cr.execute(f"DROP TABLE IF EXISTS {name}")
            months.mark(cr, self.tier, self._month, State.ARCHIVED)
        self._between("dropped", self._month)

    def _may_leave(self, _cr):
        """Tell whether nothing that is here still needs it."""
        return True

    def _find(self, cr):
        """Write down what loads must find of it, before they have to wait."""

    def _keep(self, cr):
        """Write down what must stay of it."""
        raise NotImplementedError

    def _tell(self, cr):
        """Tell those who copy these tables."""

    def _span(self):
        return {
            "month": self._month,
            "following": partitions.following(self._month),
        }

    def _detach(self, table):
        name = partitions.name_of(table, self._month)
        self._connection.autocommit = True  # CONCURRENTLY is for no transaction
        try:
            with explained(), self._connection.cursor() as cr:
                cr.execute(_IS_PENDING, [table, name])
                found = cr.fetchone()
                if found:
                    how = "FINALIZE" if found[1] else "CONCURRENTLY"
                    cr.execute(f"ALTER TABLE {table} DETACH PARTITION {name} {how}")
        finally:
            self._connection.autocommit = False

    def _snapshot(self):
        connection = connect(self._dsn, "loyalty_reporting archive")
        connection.set_session(
            isolation_level=extensions.ISOLATION_LEVEL_REPEATABLE_READ
        )
        return connection

    @contextmanager
    def _transaction(self):
        with explained(), self._connection, self._connection.cursor() as cr:
            yield cr


class _Detail(_Month):
    tier = Tier.DETAIL

    def _find(self, cr):
        cr.execute(sql("retention/sql/strays.sql"), self._span())

    def _keep(self, cr):
        values = self._span()
        cr.execute("SELECT instant < %(following)s FROM card_horizon", values)
        if cr.fetchone()[0]:
            cr.execute(sql("retention/sql/advance.sql"), values)


class _Aggregates(_Month):
    tier = Tier.AGGREGATE

    def _may_leave(self, cr):
        return months.follows_from_nothing_here(cr, self._month)

    def _keep(self, cr):
        cr.execute(sql("retention/sql/keep.sql"), self._span())
        summary.freeze(cr, self._month)

    def _tell(self, cr):
        copy.note(cr, self._month)
