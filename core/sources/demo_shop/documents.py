"""Rows of the contract, gathered into documents."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from .. import contract
from .catalogue import COMPANY, POINTS

_VERSION = 1


@dataclass(frozen=True)
class Document:
    """A whole document of the contract.

    :param kind: of ``contract.DOCUMENTS``
    :param at: when it happened, aware
    :param rows: table of the contract → its rows, column → value
    """

    kind: str
    key: str
    at: datetime
    rows: dict = field(default_factory=dict)

    def add(self, table, **values):
        """Add a row."""
        row = dict.fromkeys(c for c in contract.TABLES[table] if c != "txid")
        self.rows.setdefault(table, []).append(row | values | {"version": _VERSION})


class Clerk:
    """Opens documents, and numbers their rows in the order in which they happened."""

    def __init__(self, currency):
        self._currency = currency
        self._numbers = count(1)

    def number(self):
        """Return the id of the next row."""
        return next(self._numbers)

    def order(self, at, key, customer, total, **values):
        """Open the document of an order."""
        order = Document(contract.ORDER_DOCUMENT, key, at)
        order.add(
            "processed_order",
            **{"id": key, "partner_id": customer, "ordered_at": at, "state": "done"}
            | {"amount_total": total, "currency": self._currency, "channel": "pos"}
            | {"company_id": COMPANY, "is_first_order": False}
            | values,
        )
        return order

    def line(self, order, program, product, **values):
        """Add what a program did for a product of an order."""
        order.add(
            "order_promotion_line",
            **{"id": self.number(), "order_id": order.key, "program_id": program}
            | {"product_id": product, "discount": 0}
            | {"points_earned": 0, "points_redeemed": 0}
            | values,
        )

    def evaluation(self, order, program, customer, outcome, reason=None):
        """Add that a program was looked at for an order."""
        order.add(
            "promotion_evaluation",
            **{"id": self.number(), "order_id": order.key, "program_id": program}
            | {"partner_id": customer, "evaluated_at": order.at, "outcome": outcome}
            | {"reason": reason},
        )

    def point(self, card, kind, points, at, order=None, **values):
        """Book points on a card: in an order's document, or in one of their own.

        :return: the document
        """
        number = self.number()
        document = order or Document(contract.POINT_DOCUMENT, str(number), at)
        document.add(
            "point_transaction",
            **{"id": number, "seq": number, "card_id": card, "partner_id": card}
            | {"program_id": POINTS, "transaction_type": kind, "occurred_at": at}
            | {"points_amount": points, "order_id": order and order.key}
            | {"origin": document.key, "company_id": COMPANY}
            | values,
        )
        return document

    def event(self, customer, kind, levels, at, order=None):
        """Return the document of a change of level; ``levels``: before and after."""
        number = self.number()
        event = Document(contract.MEMBERSHIP_DOCUMENT, str(number), at)
        event.add(
            "membership_event",
            **{"id": number, "partner_id": customer, "order_id": order}
            | {"event_type": kind, "from_membership_product_id": levels[0]}
            | {"to_membership_product_id": levels[1], "occurred_at": at}
            | {"company_id": COMPANY},
        )
        return event
