"""What an event must look like: the contract's tables as typed structs.

The rows are made of ``contract.TABLES``, so that an event has the columns, and their
order, of the staging tables. Every column may be absent or null, as it may be null in
the engine's database: the transformation judges both roads alike. What a document
cannot do without, to be told apart and put in order, is required here.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, defstruct

from ..sources import contract

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_BIGINT = Annotated[int, Meta(ge=_LOWEST, le=_HIGHEST)]
_KEY = Annotated[str, Meta(min_length=1)]
_TYPES = {
    contract.INTEGER: _BIGINT,
    contract.TEXT: str,
    contract.NUMBER: Decimal,
    contract.INSTANT: Annotated[datetime, Meta(tz=True)],
    contract.DAY: date,
    contract.BOOLEAN: bool,
}


def _row(table, **required):
    """Make a struct of a table's columns; those ``required`` get the type given."""
    fields = [
        (column, required[column])
        if column in required
        else (column, _TYPES[kind] | None, None)
        for column, kind in contract.TABLES[table].items()
        if kind != contract.XID
    ]
    return defstruct(table, fields, module=__name__, kw_only=True, gc=False)


Order = _row("processed_order", id=_KEY, version=_BIGINT)
Line = _row("order_promotion_line")
Evaluation = _row("promotion_evaluation")
OrderPoint = _row("point_transaction")
Membership = _row("membership_event", id=_BIGINT, version=_BIGINT)
Point = _row("point_transaction", id=_BIGINT, version=_BIGINT)
Program = _row("program", id=_BIGINT, version=_BIGINT)


class OrderDocument(Struct):
    """An order, whole: what an event leaves out of it is gone, so no list may miss."""

    order: Order
    lines: list[Line]
    evaluations: list[Evaluation]
    points: list[OrderPoint]


class Event(Struct, tag_field="type"):
    """The attributes of a CloudEvent that we need; others are ignored."""

    specversion: Literal["1.0"]
    id: _KEY
    source: _KEY


class OrderProcessed(Event, tag="engine.order.processed.v1"):
    """The whole document of an order."""

    data: OrderDocument


class MembershipChanged(Event, tag="engine.membership.changed.v1"):
    """A row of ``membership_event``."""

    data: Membership


class PointsChanged(Event, tag="engine.points.changed.v1"):
    """A row of ``point_transaction`` that belongs to no order."""

    data: Point


class ProgramChanged(Event, tag="engine.program.changed.v1"):
    """A row of ``program``."""

    data: Program


TYPES = (OrderProcessed, MembershipChanged, PointsChanged, ProgramChanged)
AnyEvent = OrderProcessed | MembershipChanged | PointsChanged | ProgramChanged
