"""Rows, documents and steps: what the live replay produces.

A row is a dict with the contract's columns, without `txid`, which only the database
knows. Money and quantities are decimals, instants are aware datetimes in UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

ORDER_PROCESSED = "engine.order.processed.v1"
MEMBERSHIP_CHANGED = "engine.membership.changed.v1"
POINTS_CHANGED = "engine.points.changed.v1"
PROGRAM_CHANGED = "engine.program.changed.v1"

COLUMNS = {
    "program": "id name program_type active valid_from valid_to",
    "membership_event": "id partner_id order_id event_type from_membership_product_id"
    " to_membership_product_id occurred_at",
    "processed_order": "id partner_id store_id channel cashier_id ordered_at"
    " amount_total currency is_first_order state refund_of company_id",
    "order_promotion_line": "id order_id line_no program_id product_id qty amount"
    " discount points_earned points_redeemed",
    "promotion_evaluation": "id order_id program_id partner_id evaluated_at outcome"
    " reason",
    "point_card": "id program_id partner_id membership_product_id active",
    "point_transaction": "id seq card_id partner_id program_id transaction_type"
    " points_amount balance_after occurred_at expires_at origin order_id reverses_id",
}
# The parts of an order's document, and their tables.
PARTS = {
    "lines": "order_promotion_line",
    "evaluations": "promotion_evaluation",
    "points": "point_transaction",
}


@dataclass(frozen=True)
class Change:
    """A row to insert; a row to update, with its new version; or a row to delete."""

    operation: str
    table: str
    row: Mapping


@dataclass(frozen=True)
class Document:
    """What an event tells: its type, the key of the document, its content now."""

    type: str
    subject: str
    data: Mapping


@dataclass(frozen=True)
class Step:
    """What the engine does at an instant: one transaction, an event per document.

    kind: sale, refund, void, correction, abandoned, adjustment or program.
    """

    kind: str
    instant: datetime
    changes: tuple[Change, ...]
    documents: tuple[Document, ...] = ()


def new_row(table: str, **values) -> dict:
    """A row in version 1; columns that are not given are null."""
    row = dict.fromkeys(COLUMNS[table].split())
    if unknown := values.keys() - row.keys():
        raise TypeError(f"{table} has no {', '.join(sorted(unknown))}")
    return {**row, **values, "version": 1}


def raised(row: Mapping, **values) -> dict:
    """The row after an update: new values, the next version."""
    return {**row, **values, "version": row["version"] + 1}


def inserts(table: str, rows: Iterable[Mapping]) -> list[Change]:
    """Changes that insert the rows."""
    return [Change("insert", table, row) for row in rows]


def row_document(kind: str, row: Mapping) -> Document:
    """The document of a row that is one by itself."""
    return Document(kind, str(row["id"]), row)


def order_document(data: Mapping) -> Document:
    """The document of an order with all that belongs to it."""
    return Document(ORDER_PROCESSED, data["order"]["id"], data)
