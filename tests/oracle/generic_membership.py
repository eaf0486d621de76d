"""Membership analytics of any history, from scratch (METRICS.md).

Everything that happens is turned into facts: a kind, a customer, a business day and the
membership product it counts at. The measures are sums and distinct counts of facts.
"""

from collections import Counter
from datetime import timedelta

from .generic_levels import held_at, held_on, level_names, timelines
from .generic_points import point_detail
from .generic_rows import (
    distinct,
    grouped,
    in_key_order,
    keys_of,
    number,
    orders,
    ratio,
    total,
)
from .generic_time import day, last_day, within

CHURN_DAYS = 90
COUNTED = {
    "new_members": "join",
    "upgraded_members": "upgrade",
    "downgraded_members": "downgrade",
    "active_members": "sale",
}
SUMMED = {
    "total_spending": ("sale", "refund"),
    "total_points_earned": ("earned",),
    "total_points_redeemed": ("redeemed",),
}
MEASURES = (*COUNTED, *SUMMED, "members", "avg_spending", "churned_members")


def membership(  # noqa: PLR0913 - one argument per parameter of the report
    tables,
    zone,
    group=("membership_product_id",),
    grain="day",
    *,
    as_of,
    date_from=None,
    date_to=None,
    products=None,
    churn_days=CHURN_DAYS,
):
    """One dict per bucket and group in which something happened, ordered by key.

    group: any of membership_product_id, membership_level; () is all members together.
    grain: day, week, month, year or None. as_of: the last business day on which a
    member may cross the `churn_days` days without a sale. Spending and points are exact
    Decimals, avg_spending is a Fraction, 0 without active members. `members` hold the
    level at the end of the bucket's last day in the range.
    """
    facts = [
        fact
        for fact in [*_moves(tables, zone), *_sales(tables, zone)]
        + [*_points(tables, zone), *churn(tables, zone, churn_days, as_of)]
        if within(fact["date"], date_from, date_to)
        and fact["membership_product_id"] is not None
        and (products is None or fact["membership_product_id"] in products)
    ]
    names = level_names(tables)
    for fact in facts:
        fact["membership_level"] = names.get(fact["membership_product_id"])
    rows = in_key_order(grouped(facts, group, grain), keys_of(group, grain))
    lines = timelines(tables, zone)

    def holding(key):
        end = _end(key.get("date"), grain, date_to)
        held = [held_on(lines, partner, end) for partner in lines]
        return sum(_stands_for(key, each, names, products) for each in held)

    return [key | _measures(group) | {"members": holding(key)} for key, group in rows]


def _stands_for(key, held, names, products):
    """Whether a row with this key is about the product that a customer holds."""
    return (
        held is not None
        and (products is None or held in products)
        and key.get("membership_product_id", held) == held
        and key.get("membership_level", names.get(held)) == names.get(held)
    )


def members_on(tables, zone, date=None):
    """{membership_product_id: holders} at the end of a business day (None: of all)."""
    lines = timelines(tables, zone)
    held = Counter(held_on(lines, partner, date) for partner in lines)
    return {product: count for product, count in held.items() if product is not None}


def churn(tables, zone, churn_days=CHURN_DAYS, as_of=None):
    """A fact for each crossing, at the level held at the end of that day.

    A customer whose sale on day d is followed by none on d + 1 .. d + churn_days
    crosses on d + churn_days, unless that is after `as_of`; again after every return.
    """
    lines, days = timelines(tables, zone), {}
    for order in orders(tables, zone).values():
        if order["is_sale"] and order["partner_id"] is not None:
            days.setdefault(order["partner_id"], set()).add(order["date"])
    found = []
    for partner, bought in days.items():
        for date in bought:
            crossing = date + timedelta(days=churn_days)
            returned = any(date < other <= crossing for other in bought)
            if not returned and within(crossing, None, as_of):
                held = held_on(lines, partner, crossing)
                found.append(_fact("churn", partner, crossing, held))
    return found


def _fact(kind, partner_id, date, product, value=0):
    return {
        "kind": kind,
        "partner_id": partner_id,
        "date": date,
        "membership_product_id": product,
        "value": number(value),
    }


def _moves(tables, zone):
    """Joining and being moved, at the level moved to."""
    return [
        _fact(event["event_type"], partner, event["date"], event["held"])
        for partner, events in timelines(tables, zone).items()
        for event in events
        if event["event_type"] in COUNTED.values()
    ]


def _sales(tables, zone):
    """Sales and refunds of customers, at the level held at that instant."""
    lines = timelines(tables, zone)
    return [
        _fact(
            "sale" if order["is_sale"] else "refund",
            order["partner_id"],
            order["date"],
            held_at(lines, order["partner_id"], order["at"]),
            order["amount_total"],
        )
        for order in orders(tables, zone).values()
    ]


def _points(tables, zone):
    """Points earned and redeemed, reverses of them counted negatively."""
    return [
        _fact(
            row["counts_as"],
            row["partner_id"],
            row["date"],
            row["membership_product_id"],
            row[f"points_{row['counts_as']}"],
        )
        for row in point_detail(tables, zone)
        if row["counts_as"] in ("earned", "redeemed")
    ]


def _measures(facts):
    def of(*kinds):
        return [fact for fact in facts if fact["kind"] in kinds]

    found = {name: distinct(of(kind), "partner_id") for name, kind in COUNTED.items()}
    for name, kinds in SUMMED.items():
        found[name] = total(fact["value"] for fact in of(*kinds))
    active = found["active_members"]
    found["avg_spending"] = ratio(found["total_spending"], active, 0)
    return found | {"churned_members": len(of("churn"))}


def _end(label, grain, date_to):
    """The last day of a bucket that is in the range; None: no end."""
    bounds = [day(date_to)] if date_to is not None else []
    if label is not None:
        bounds.append(last_day(label, grain))
    return min(bounds, default=None)
