"""Households of the reference history as rows of the engine's contract tables.

For tests that start from the tables, as that of the generic computation against the
reference one. The columns that the rules of the history speak of; ids are our own.
"""

from .cache import load
from .member_facts import load_members
from .membership_events import LEVELS
from .promotion_performance import money

TAKEN = {
    "processed_order": ["id", "partner_id", "store_id", "channel", "ordered_at"]
    + ["amount_total", "is_first_order"],
    "order_promotion_line": ["id", "order_id", "program_id", "product_id", "qty"]
    + ["amount", "discount", "points_earned", "points_redeemed"],
    "promotion_evaluation": ["id", "order_id", "program_id", "partner_id"]
    + ["evaluated_at", "outcome"],
    "membership_event": ["id", "partner_id", "order_id", "event_type"]
    + ["from_membership_product_id", "to_membership_product_id", "occurred_at"],
    "point_transaction": ["id", "seq", "card_id", "partner_id", "program_id"]
    + ["transaction_type", "points_amount", "balance_after", "occurred_at"]
    + ["expires_at", "order_id"],
}
CONSTANT = {
    "processed_order": {"state": "done", "currency": "USD", "refund_of": None},
    "promotion_evaluation": {"reason": None},
    "point_transaction": {"reverses_id": None},
}


def contract_tables(partners):
    """{table: list of dicts} of these households; absent values are None."""
    facts, members = load(), load_members()

    def of(frame):
        return frame[frame["partner_id"].isin(list(partners))]

    orders = of(facts.orders)
    lines = of(facts.lines)
    first = members.sales[["order_id", "is_first_order"]]
    frames = {
        "processed_order": orders.merge(first, on="order_id").assign(
            id=lambda rows: rows["order_id"],
            amount_total=lambda rows: money(rows["amount_cents"]),
        ),
        "order_promotion_line": lines.assign(
            amount=money(lines["amount_cents"]), discount=money(lines["discount_cents"])
        ),
        "promotion_evaluation": of(facts.evaluations).merge(
            orders[["order_id", "ordered_at"]].rename(
                columns={"ordered_at": "evaluated_at"}
            ),
            on="order_id",
        ),
        "membership_event": of(members.events),
        "point_transaction": of(members.points).rename(
            columns={"transaction_date": "occurred_at"}
        ),
    }
    tables = {name: _rows(name, frame) for name, frame in frames.items()}
    levels = [
        {"id": key, "name": n, "level": n, "rank": key} for key, n in LEVELS.items()
    ]
    return tables | {"membership_product": levels}


def _rows(name, frame):
    if "id" not in frame:
        frame = frame.assign(id=range(1, len(frame) + 1))
    values = frame[TAKEN[name]].astype("object")
    plain = values.where(values.notna(), None).to_dict("records")
    return [row | CONSTANT.get(name, {}) for row in plain]
