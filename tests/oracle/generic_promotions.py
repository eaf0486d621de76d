"""Promotion performance of any history, from scratch (METRICS.md)."""

from .generic_rows import (
    clock,
    distinct,
    grouped,
    in_key_order,
    keys_of,
    number,
    orders,
    ratio,
    table,
    total,
    voided,
)
from .generic_time import within

AMOUNTS = ("qty", "amount", "discount", "points_earned", "points_redeemed")
HEADER = ("partner_id", "store_id", "channel", "at", "date", "hour", "is_sale")


def promotion_lines(tables, zone):
    """Every line that counts, with its order's HEADER and AMOUNTS as Decimals.

    A line without its order, or of a voided one, is none.
    """
    known = orders(tables, zone)
    return [
        {
            **line,
            **{name: number(line[name]) for name in AMOUNTS},
            **{name: known[line["order_id"]][name] for name in HEADER},
        }
        for line in table(tables, "order_promotion_line")
        if line["order_id"] in known
    ]


def evaluations(tables, zone):
    """Every evaluation that counts, at its order's time, store and channel.

    Without such an order (abandoned basket) at no store and when the program was first
    evaluated for it, since counts of orders add up over time; `applied` counts as
    eligible. Those of voided orders and of refunds are none.
    """
    known, gone = orders(tables, zone), voided(tables)
    found, first = [], {}
    for row in table(tables, "promotion_evaluation"):
        name, at = (row["order_id"], row["program_id"]), row["evaluated_at"]
        first[name] = min(at, first.get(name, at))
    for row in table(tables, "promotion_evaluation"):
        order = known.get(row["order_id"])
        if row["order_id"] in gone or (order and not order["is_sale"]):
            continue
        found.append({**row, **({n: order[n] for n in HEADER} if order else {})})
        if not order:
            nowhere = {"store_id": None, "channel": None}
            at = first[row["order_id"], row["program_id"]]
            found[-1].update(clock(at, zone), **nowhere)
            if row["outcome"] == "applied":
                found[-1]["outcome"] = "eligible"
    return found


def performance(  # noqa: PLR0913 - one argument per filter of the report
    tables,
    zone,
    group=("program_id",),
    grain=None,
    *,
    date_from=None,
    date_to=None,
    programs=None,
    stores=None,
    channels=None,
):
    """One dict per bucket and group with a line or an evaluation, ordered by key.

    group: any of program_id, store_id, channel; grain: hour, day, week, month, year or
    None (whole range). Amounts are exact Decimals; avg_transaction_value (0 without
    sales), conversion_rate (0 without evaluations) and discount_depth (None without
    amounts) are exact Fractions.
    """
    wanted = {"program_id": programs, "store_id": stores, "channel": channels}

    def chosen(rows):
        kept = [
            row
            for row in rows
            if within(row["date"], date_from, date_to)
            and all(w is None or row[name] in w for name, w in wanted.items())
        ]
        return grouped(kept, group, grain)

    lines = chosen(promotion_lines(tables, zone))
    evaluated = chosen(evaluations(tables, zone))
    found = {
        key: _of_lines(lines.get(key, [])) | _of_evaluations(evaluated.get(key, []))
        for key in {*lines, *evaluated}
    }
    named = in_key_order(found, keys_of(group, grain))
    return [key | measures for key, measures in named]


def _of_lines(lines):
    sales = [line for line in lines if line["is_sale"]]
    refunds = [line for line in lines if not line["is_sale"]]
    sums = {f"total_{name}": total(row[name] for row in lines) for name in AMOUNTS}
    gross = {f"gross_{name}": total(row[name] for row in sales) for name in AMOUNTS}
    amount, discount = sums["total_amount"], sums["total_discount"]
    transactions = distinct(sales, "order_id")
    return {
        **sums,
        **gross,
        "total_transactions": transactions,
        "refund_transactions": distinct(refunds, "order_id"),
        "unique_customers": distinct(sales, "partner_id"),
        "avg_transaction_value": ratio(amount, transactions, 0),
        "discount_depth": ratio(discount, amount + discount, None),
    }


def _of_evaluations(rows):
    counts = {
        outcome: distinct([r for r in rows if r["outcome"] in outcomes], "order_id")
        for outcome, outcomes in {
            "eligible_transactions": ("applied", "eligible"),
            "applied_transactions": ("applied",),
            "rejected_transactions": ("rejected",),
        }.items()
    }
    applied, eligible = counts["applied_transactions"], counts["eligible_transactions"]
    return counts | {"conversion_rate": ratio(applied, eligible, 0)}


def rejections(tables, zone, grain=None, *, date_from=None, date_to=None):
    """Distinct orders rejected by program, reason and bucket: rejected_transactions."""
    rows = [
        row
        for row in evaluations(tables, zone)
        if row["outcome"] == "rejected" and within(row["date"], date_from, date_to)
    ]
    group = ("program_id", "reason")
    found = in_key_order(grouped(rows, group, grain), keys_of(group, grain))
    return [k | {"rejected_transactions": distinct(r, "order_id")} for k, r in found]


def daily_summary(tables, zone):
    """`mv_promotion_daily_summary`: counts over all its lines, refunds included."""
    rows = grouped(promotion_lines(tables, zone), ("program_id",), "day")
    return [
        {
            "program_id": key["program_id"],
            "report_date": key["date"],
            "total_orders": distinct(lines, "order_id"),
            "unique_customers": distinct(lines, "partner_id"),
            **{f"total_{name}": total(row[name] for row in lines) for name in AMOUNTS},
        }
        for key, lines in in_key_order(rows, keys_of(("program_id",), "day"))
    ]
