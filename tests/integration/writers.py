"""Writers that fill an engine at the same time, and cursors that lose their rows."""

import random
import threading
import time
import uuid
from contextlib import closing

import databases
import psycopg2

ROLLED_BACK = 0.08
_NEXT_ID = "nextval('engine.row_number')"
_ACTIONS = ("order", "order", "order", "correct", "move", "evaluate", "remove")


def prepare(engine):
    """A sequence for ids, and the column that a naive cursor would use."""
    engine.run("CREATE SEQUENCE engine.row_number START 1000")
    engine.run(
        "ALTER TABLE engine.order_promotion_line ADD updated_at timestamptz"
        " NOT NULL DEFAULT clock_timestamp()"
    )


class Writers:
    """Threads that write orders, lines, evaluations, corrections and deletions."""

    def __init__(self, engine, number, seed):
        self._engine = engine
        self._stop = threading.Event()
        self.failures = []
        self.committed = 0
        self._threads = [
            threading.Thread(target=self._write, args=(random.Random(seed + i),))
            for i in range(number)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, chance):
        try:
            with closing(psycopg2.connect(self._engine.dsn)) as connection:
                while not self._stop.is_set():
                    self._transaction(connection, chance)
        except Exception as error:
            self.failures.append(error)

    def _transaction(self, connection, chance):
        try:
            with connection.cursor() as cr:
                for _ in range(chance.randint(1, 4)):
                    act(cr, chance.choice(_ACTIONS), chance)
                    time.sleep(chance.random() * 0.01)
            if chance.random() < 0.1:
                time.sleep(chance.random() * 0.4)  # a long transaction
            if chance.random() < ROLLED_BACK:
                connection.rollback()
            else:
                connection.commit()
                self.committed += 1
        except (
            psycopg2.errors.DeadlockDetected,
            psycopg2.errors.UniqueViolation,
        ):
            connection.rollback()


def act(cr, action, chance):
    """Write something into the engine."""
    values = {
        "key": str(uuid.UUID(int=chance.getrandbits(128))),
        "store": chance.randint(1, 4),
        "partner": chance.choice([None, 7, 8, 9, 10]),
        "program": chance.randint(1, 5),
        "hours": chance.randint(0, 24 * 60),
        "amount": chance.randint(-500, 5000) / 100,
        "share": chance.random(),
    }
    for statement in _STATEMENTS[action]:
        cr.execute(statement, values)


_SOME_ORDER = (
    "(SELECT id FROM engine.processed_order WHERE id >= left(%(key)s, 3)"
    " ORDER BY id LIMIT 1)"
)
_SOME_LINE = (
    "(SELECT id FROM engine.order_promotion_line WHERE id >= 1000 + %(share)s *"
    " (SELECT last_value - 1000 FROM engine.row_number) ORDER BY id LIMIT 1)"
)
_INSERT_LINE = (
    "INSERT INTO engine.order_promotion_line (id, order_id, program_id, qty, amount,"
    f" discount, points_earned, points_redeemed) VALUES ({_NEXT_ID}, %(key)s,"
    " %(program)s, 1, %(amount)s, 0, 0, 0)"
)
_STATEMENTS = {
    "order": (
        "INSERT INTO engine.processed_order (id, partner_id, store_id, channel,"
        " ordered_at, amount_total, currency, state, company_id)"
        " VALUES (%(key)s, %(partner)s,"
        " %(store)s, 'pos', timestamptz '2017-03-01 00:00Z'"
        " + %(hours)s * interval '1 hour', 1, 'USD', 'done', 1)",
        _INSERT_LINE,
        _INSERT_LINE,
    ),
    "correct": (
        "UPDATE engine.order_promotion_line SET amount = %(amount)s,"
        f" program_id = %(program)s WHERE id = {_SOME_LINE}",
        f"UPDATE engine.processed_order SET store_id = %(store)s WHERE id = {_SOME_ORDER}",
    ),
    "move": (
        "UPDATE engine.processed_order SET ordered_at = timestamptz '2017-03-01 00:00Z'"
        f" + %(hours)s * interval '1 hour' WHERE id = {_SOME_ORDER}",
        f"UPDATE engine.order_promotion_line SET order_id = {_SOME_ORDER}"
        f" WHERE id = {_SOME_LINE}",
    ),
    "evaluate": (
        "INSERT INTO engine.promotion_evaluation (id, order_id, program_id, partner_id,"
        f" evaluated_at, outcome) VALUES ({_NEXT_ID}, coalesce({_SOME_ORDER}, %(key)s),"
        " %(program)s, %(partner)s, '2017-03-05 00:00Z', 'applied')",
    ),
    "remove": (
        f"DELETE FROM engine.processed_order WHERE id = {_SOME_ORDER}"
        " AND %(share)s < 0.3",
        f"DELETE FROM engine.promotion_evaluation WHERE order_id = {_SOME_ORDER}",
    ),
}


class NaiveCursor:
    """Reads new lines by a column that is thought to grow."""

    def __init__(self, dsn, column):
        self._dsn, self._column = dsn, column
        self._last = None
        self.seen = set()

    def poll(self):
        """Read what lies behind the highest value met."""
        found = databases.rows(
            self._dsn,
            f"SELECT id, {self._column} FROM engine.order_promotion_line"
            f" WHERE %(last)s IS NULL OR {self._column} > %(last)s",
            {"last": self._last},
        )
        self.seen |= {row[0] for row in found}
        self._last = max([row[1] for row in found], default=self._last)

    def lost(self):
        """Rows that are there and were never seen."""
        rows = databases.rows(self._dsn, "SELECT id FROM engine.order_promotion_line")
        return {key for (key,) in rows} - self.seen
