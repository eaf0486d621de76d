"""The document of an order: sold, corrected, voided, refunded."""

from datetime import datetime
from decimal import Decimal

from ..points import points_earned
from ..promotions import POINTS_PROGRAMME
from .baskets import Basket, BasketLine
from .customer import Customer
from .ids import Ids
from .rows import PARTS, Change, inserts, new_row, raised


def sold(
    ids: Ids, customer: Customer, basket: Basket, ordered_at: datetime, now: datetime
) -> dict:
    """A sale's document, its points booked `now`."""
    key = ids.order()
    earned = points_earned(int(basket.total * 100))
    points = customer.card.sell(key, earned, now)
    order = new_row(
        "processed_order",
        id=key,
        partner_id=customer.id,
        store_id=basket.store_id,
        channel=basket.channel,
        ordered_at=ordered_at,
        amount_total=basket.total,
        currency=basket.currency,
        is_first_order=customer.is_new,
        state="done",
        company_id=basket.company_id,
    )
    lines = _lines(ids, key, basket, earned, _redeemed(points))
    evaluations = [
        evaluation(ids, order, ordered_at, (*verdict, None))
        for verdict in basket.evaluations
    ]
    return {
        "order": order,
        "lines": lines,
        "evaluations": evaluations,
        "points": points,
    }


def evaluation(ids: Ids, order: dict, instant: datetime, verdict: tuple) -> dict:
    """A verdict (program, outcome, reason) on an order, of which id and partner count."""
    program, outcome, reason = verdict
    return new_row(
        "promotion_evaluation",
        id=ids.evaluation(),
        order_id=order["id"],
        program_id=program,
        partner_id=order["partner_id"],
        evaluated_at=instant,
        outcome=outcome,
        reason=reason,
    )


def insertions(document: dict) -> list[Change]:
    """Changes that insert the whole document."""
    parts = [
        change
        for part, table in PARTS.items()
        for change in inserts(table, document[part])
    ]
    return [*inserts("processed_order", [document["order"]]), *parts]


def corrected(document: dict, difference: Decimal) -> tuple[dict, list[Change]]:
    """The document with another amount of its first line and another total."""
    total = document["order"]["amount_total"] + difference
    order = raised(document["order"], amount_total=total)
    first, *others = document["lines"]
    lines = [raised(first, amount=first["amount"] + difference)]
    for line in others:
        same = line["program_id"] != POINTS_PROGRAMME
        lines.append(line if same else raised(line, amount=total))
    changed = [line for line in lines if line["version"] > 1]
    changes = [Change("update", "processed_order", order)]
    changes += [Change("update", "order_promotion_line", line) for line in changed]
    return {**document, "order": order, "lines": lines}, changes


def voided(document: dict) -> tuple[dict, list[Change]]:
    """The document in state void, without its points."""
    order = raised(document["order"], state="void")
    gone = [Change("delete", "point_transaction", row) for row in document["points"]]
    changes = [Change("update", "processed_order", order), *gone]
    return {**document, "order": order, "points": []}, changes


def refunded(ids: Ids, customer: Customer, document: dict, now: datetime) -> dict:
    """The document of the order that takes another one back, as that stands now."""
    sale, key = document["order"], ids.order()
    order = {
        **sale,
        "id": key,
        "ordered_at": now,
        "amount_total": -sale["amount_total"],
        "is_first_order": False,
        "state": "refund",
        "refund_of": sale["id"],
        "version": 1,
    }
    lines = [_negated(ids, key, line) for line in document["lines"]]
    # In this order a redemption comes back before the points it was paid from go.
    points = [customer.card.reverse(row, key, now) for row in document["points"]]
    return {"order": order, "lines": lines, "evaluations": [], "points": points}


def _lines(ids: Ids, order: str, basket: Basket, earned: int, redeemed: int) -> list:
    of_points = BasketLine(
        POINTS_PROGRAMME, None, basket.quantity, basket.total, Decimal(0)
    )
    return [
        new_row(
            "order_promotion_line",
            id=ids.line(),
            order_id=order,
            line_no=number,
            points_earned=earned if line is of_points else 0,
            points_redeemed=redeemed if line is of_points else 0,
            **line._asdict(),
        )
        for number, line in enumerate((*basket.lines, of_points), start=1)
    ]


def _redeemed(points: list[dict]) -> int:
    redeemed = (row for row in points if row["transaction_type"] == "redeem")
    return sum(row["points_amount"] for row in redeemed)


def _negated(ids: Ids, order: str, line: dict) -> dict:
    numbers = ("qty", "amount", "discount", "points_earned", "points_redeemed")
    values = {name: -line[name] for name in numbers}
    return {**line, **values, "id": ids.line(), "order_id": order, "version": 1}
