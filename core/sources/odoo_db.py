"""Odoo's own database as a source: for shops without an engine, and for reconciliation.

Its tables are presented in the shape of the engine's contract (``odoo/*.sql``), for
the companies whose system of record is Odoo. Documents are POS orders
(``pos.order,<id>``) and sales (``sale.order,<id>``), changes of level, and rows of the
points ledger that belong to no order. Triggers note what changed (``odoo/triggers.py``).

What Odoo's data say, and how they are read:

* A reward's discount is spread over the lines it applies to, exact to the cent. Paying
  with a gift card or an eWallet is a payment: it lowers no other program's amounts,
  and stands as the discount of its own program.
* Loyalty cards, eWallets and gift cards are accounts: one row of such a program for
  an order, with the order's total, and a ledger. The points of coupons are none.
* The point of sale books the net of what an order earns and spends; the gross is
  found from the cost on its reward lines.
* A sale that was settled in the point of sale counts there.
* Only programs that were applied are known, not those that were merely eligible.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace

from ..errors import ConfigurationError
from ..records import Chunk, SourceDifference
from . import contract
from .checks import faults_of
from .conditions import between
from .engine_pg import EnginePgSource
from .engine_reading import EngineReading
from .explain import explained
from .odoo import triggers
from .odoo.features import Features
from .odoo.queries import ALL, Queries, Scope

_CHANGES = {
    table: "SELECT txid FROM loyalty_reporting_change" for table in contract.TABLES
}
_NOT_WATCHED = (
    "Changes of {tables} are not noted: pause the source and resume it, which puts "
    "triggers on Odoo's tables"
)
# Dimension → the table whose changes make it be read again.
_DIMENSIONS = {
    "program": "loyalty_program",
    "membership_product": "res_partner_grade",
    "point_card": "loyalty_card",
}
_PREVIEWED = 20


@dataclass(frozen=True)
class OdooSource(EnginePgSource):
    """A source record of type ``odoo``.

    :param dsn: of Odoo's own database: what ``core.database.connect`` takes
    """

    type = "odoo"

    def check(self):
        """Return what is missing or mistyped, as sentences."""
        with self._connection() as connection:
            found = self._missing(connection)
            return [found] if found else faults_of(connection, _all(connection))

    def preview(self, table, limit=5):
        """Return (column names, first rows) of a table, of the newest documents."""
        with self._connection() as connection, connection.cursor() as cr:
            scope = Scope(
                _newest("o", "pos_order"),
                _newest("o", "sale_order"),
                _newest("h", "loyalty_history"),
            )
            query = _queries(cr).of(table, scope)
            cr.execute(f"SELECT * FROM ({query}) q LIMIT {int(limit)}")
            return [column.name for column in cr.description], cr.fetchall()

    @contextmanager
    def reading(self):
        """Open one snapshot of Odoo's tables.

        :raise ConfigurationError: their changes are not noted
        """
        with self._connection() as connection:
            found = self._missing(connection)
            if found:
                raise ConfigurationError(f"{found}.")
            connection.rollback()
            yield OdooReading(self, connection)

    def _missing(self, connection):
        with connection.cursor() as cr:
            tables = triggers.missing(cr, Features.of(cr))
        return _NOT_WATCHED.format(tables=", ".join(tables)) if tables else ""


class OdooReading(EngineReading):
    """Reads whole documents of Odoo out of one snapshot.

    What differs from an engine: the statements are made for the documents wanted, and
    the triggers' notes tell what changed, deleted rows included.
    """

    def __init__(self, source, connection):
        super().__init__(replace(source, queries=_CHANGES), connection)
        self.notice = self.notice.replace("the engine's cluster", "Odoo's cluster")
        with connection.cursor() as cr:
            self._queries = _queries(cr)
            cr.execute(
                "SELECT (SELECT array_agg(id ORDER BY id) FROM res_company"
                " WHERE loyalty_reporting_system = 'odoo'),"
                " (SELECT md5(string_agg(oid::text, ',' ORDER BY oid)) FROM pg_trigger"
                " WHERE tgname LIKE 'loyalty\\_reporting\\_%')"
            )
            companies, watched = cr.fetchone()
        # Where other companies are read than before, or changes went unseen for a
        # while, everything is compared by key, as after a restored database.
        identity = {"companies": companies, "watched": watched}
        self.server = replace(
            self.server, identity={**self.server.identity, **identity}
        )

    def months(self, position):
        """Return the months with orders or bookings that a first load has not done."""
        if position["phase"] != "first":
            return []
        with self._connection.cursor() as cr:
            cr.execute(
                "SELECT DISTINCT date_trunc('month', at)::date"
                f" FROM ({self._queries.keys()}) k"
                f" WHERE kind <> 'membership' AND {_is_instant('at')} ORDER BY 1"
            )
            found = [month for (month,) in cr.fetchall()]
        return [m for m in found if m.isoformat() not in position["months"]]

    def month(self, month):
        """Return a chunk with the orders and bookings of a month."""
        scope = Scope(
            pos=_in_month("o.date_order", month),
            sale=_in_month("o.date_order", month),
            own=_in_month("h.create_date", month),
        )
        tables = contract.DOCUMENTS[contract.ORDER_DOCUMENT]
        return Chunk(
            {contract.STAGES[table]: self._rows(table, scope) for table in tables},
            month=month,
            guard=self.guard,
        )

    def beside_month(self, month):
        """Return kind → keys of the documents of a month that its chunk leaves out."""
        kind = contract.MEMBERSHIP_DOCUMENT
        keys = (
            f"SELECT key FROM ({self._all_keys(kind)} AND {_in_month('at', month)}) k"
        )
        return {kind: self._found(keys)}

    def differences(self):
        """Return the accounts whose points are not what their history says."""
        with explained(), self._connection.cursor() as cr:
            cr.execute(self._queries.card_differences())
            return [
                SourceDifference(
                    "loyalty_card",
                    str(card),
                    expected={"points": points},
                    kept={
                        "points": ledger,
                        "program_id": program,
                        "partner_id": partner,
                    },
                    reason=f"the card's points and its history differ by {difference}",
                )
                for card, program, partner, _company, points, ledger, difference in cr
            ]

    def _outside_months(self, kind):
        if kind == contract.MEMBERSHIP_DOCUMENT:
            return self._all_keys(kind)
        return f"{self._all_keys(kind)} AND ({_is_instant('at')}) IS NOT TRUE"

    def _all_keys(self, kind):
        return f"SELECT key FROM ({self._queries.keys()}) k WHERE kind = '{kind}'"

    def _keys_since(self, kind, day):
        return f"{self._all_keys(kind)} AND at >= timestamp '{day:%Y-%m-%d}'"

    def _touched(self, kind, low, high):
        touched = self._queries.touched(between(low, high))
        return f"SELECT key FROM ({touched}) t WHERE kind = '{kind}'"

    def _deleted_documents(self, between, documents_of):
        """Return none: the triggers note a deleted row's document as any other."""
        return {}

    def _was_truncated(self, low, high):
        with self._connection.cursor() as cr:
            cr.execute(
                "SELECT EXISTS (SELECT FROM loyalty_reporting_change"
                f" WHERE res_id = 0 AND {between(low, high)})"
            )
            return cr.fetchone()[0]

    def _by_key(self, keys):
        """Return the writers of all rows of some documents (kind → keys)."""
        wanted = set(keys.get(contract.POINT_DOCUMENT, ()))
        bookings = [int(key) for key in wanted if _is_number(key)]
        events = keys.get(contract.MEMBERSHIP_DOCUMENT, ())
        orders = keys.get(contract.ORDER_DOCUMENT, ())
        scope = Scope(
            pos=self._one_of("o", _ids(orders, "pos.order")),
            sale=self._one_of("o", _ids(orders, "sale.order")),
            own=self._one_of("h", {number // 2 for number in bookings}),
            event=self._one_of("e", filter(_is_number, events)),
        )
        conditions = {
            # A row of the history may be two documents.
            "point_transaction": "q.order_id IS NOT NULL OR "
            + self._one_of("q", bookings)
        }
        return {
            contract.STAGES[table]: self._rows(
                table, scope, conditions.get(table, "true")
            )
            for kind in keys
            for table in contract.DOCUMENTS[kind]
        }

    def _one_of(self, alias, numbers):
        numbers = self._literal(sorted(map(int, numbers)))
        return f"{alias}.id = ANY({numbers}::bigint[])"

    def _query(self, table):
        return self._queries.of(table)

    def _copier(self, table, condition, join=""):
        """Return a function that copies a dimension's rows, if they changed."""
        scope = ALL
        if condition != "true":
            changed = (
                f"SELECT res_id FROM loyalty_reporting_change WHERE {condition}"
                f" AND table_name = '{_DIMENSIONS[table]}'"
            )
            scope = replace(ALL, card=f"k.id IN ({changed})")
            condition = f"q.id IN ({changed})"
        return self._rows(table, scope, condition)

    def _rows(self, table, scope, condition="true"):
        """Return a function that copies a table's rows of a scope into a file."""
        statement = (
            f"COPY (SELECT {contract.columns(table)}"
            f" FROM ({self._queries.of(table, scope)}) q WHERE {condition}) TO STDOUT"
        )

        def write(file):
            with explained(), self._connection.cursor() as cr:
                # See lines.sql: of a month, they would take hours.
                cr.execute("SET LOCAL enable_nestloop = off")
                cr.copy_expert(statement, file)
                cr.execute("SET LOCAL enable_nestloop = on")

        return write


def _queries(cr):
    return Queries(Features.of(cr))


def _all(connection):
    with connection.cursor() as cr:
        queries = _queries(cr)
    return {table: queries.of(table) for table in contract.TABLES}


def _newest(alias, table):
    return f"{alias}.id > (SELECT max(id) - {_PREVIEWED} FROM {table})"


def _ids(keys, model):
    """Return the ids of the records of a model among the keys of documents."""
    found = (key.partition(",") for key in keys)
    return [number for name, _, number in found if name == model and _is_number(number)]


def _is_number(text):
    return text.lstrip("-").isdecimal() and text.isascii()


def _in_month(column, month):
    first = f"timestamp '{month:%Y-%m-%d}'"
    return f"{column} >= {first} AND {column} < {first} + interval '1 month'"


def _is_instant(column):
    return (
        f"{column} >= timestamp '2000-01-01' AND {column}"
        " < date_trunc('day', now() AT TIME ZONE 'UTC') + interval '2 days'"
    )
