"""From a scope (which documents) to the statement that reads a table of the contract."""

from dataclasses import dataclass

from ...database import sql
from .features import Features


@dataclass(frozen=True)
class Scope:
    """Conditions that choose documents, as SQL made by this package.

    :ivar pos: on ``o``, a row of pos_order
    :ivar sale: on ``o``, a row of sale_order
    :ivar own: on ``h``, a row of loyalty_history that is a document of its own
    :ivar card: on ``k``, a row of loyalty_card
    :ivar event: on ``e``, a change of level
    """

    pos: str = "false"
    sale: str = "false"
    own: str = "false"
    card: str = "true"
    event: str = "true"


ALL = Scope("true", "true", "true")


@dataclass(frozen=True)
class Queries:
    """The extraction queries of one database."""

    features: Features

    def of(self, table, scope=ALL):
        """Return the query for a table of the contract."""
        if table == "membership_product" and not self.features.grades:
            return _file("no_membership_product")
        return _file(table, **self._fragments(scope))

    def keys(self):
        """Return the query for (kind, key, at) of all documents."""
        return _file("keys", is_open=self._is_open(), own_rows=self._own_rows())

    def touched(self, between):
        """Return the query for (kind, key) of the documents that changed."""
        return _file(
            "touched",
            between=between,
            settling=_file("settling") if self.features.settling else "",
            is_open=self._is_open(),
            own_rows=self._own_rows(),
        )

    @staticmethod
    def card_differences(card="true"):
        """Return the query for the cards whose points are not what their history says.

        :param card: condition on ``k``, a row of loyalty_card
        """
        return _file("card_differences", card=card, **_ledger())

    def _fragments(self, scope):
        orders = _file(
            "orders",
            pos=scope.pos,
            sale=scope.sale,
            sale_channel=self._channel(),
            settled_amount=_file("settled_amount") if self.features.settling else "0",
            is_open=self._is_open(),
        )
        lines = _file(
            "lines",
            open_share=self._open_share(),
            is_delivery="l.is_delivery IS TRUE" if self.features.delivery else "false",
        )
        return {
            "orders": orders,
            "lines": lines,
            "bookings": _file(
                "bookings", own=scope.own, is_open=self._is_open(), **_ledger()
            ),
            "rewards": _file("rewards"),
            "card": scope.card,
            "event": scope.event,
            "grade": "partner.grade_id" if self.features.grades else "NULL::integer",
        }

    def _own_rows(self):
        return _file("own_rows", is_open=self._is_open())

    def _channel(self):
        if not self.features.website:
            return "'sale'"
        return "CASE WHEN o.website_id IS NULL THEN 'sale' ELSE 'website' END"

    def _is_open(self):
        if not self.features.settling:
            return "true"
        return _file("is_open", open_share=self._open_share())

    def _open_share(self):
        return _file("open_share") if self.features.settling else "1"


def _ledger():
    return {"accounts": _file("accounts"), "ledger": _file("ledger")}


def _file(name, **fragments):
    # Not filled in by `sql`, which keeps every text that it ever made.
    text = sql(f"sources/odoo/{name}.sql").strip()
    return text.format(**fragments) if fragments else text
