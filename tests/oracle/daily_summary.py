"""Expected rows of the SQL names of API.md over the promotion detail."""

from fractions import Fraction

import pandas as pd

from .cache import load
from .promotion_performance import distinct, money

SUMS = {
    "total_qty": "qty",
    "total_amount": "amount_cents",
    "total_discount": "discount_cents",
    "total_points_earned": "points_earned",
    "total_points_redeemed": "points_redeemed",
}
KEYS = ["program_id", "report_date"]


def daily_summary(facts=None):
    """`mv_promotion_daily_summary` by program and business day.

    Columns: program_id, report_date, total_orders and unique_customers (COUNT DISTINCT
    over the lines), total_qty, total_amount, total_discount (Decimal, two digits),
    total_points_earned, total_points_redeemed. Ordered by program and day.
    """
    facts = load() if facts is None else facts
    return _summary(facts.lines.rename(columns={"date": "report_date"}))


def sql_statement_1(date_from, date_to, program_id=None, facts=None):
    """Result of the first SQL statement of API.md, as written: UTC days.

    date_from, date_to: inclusive UTC instants, as the statement compares them.
    avg_transaction_value is AVG(amount), the exact Fraction of dollars per row. Rows
    come by program and day: the statement's order leaves ties open, so compare by key.
    """
    facts = load() if facts is None else facts
    lines = facts.lines
    keep = lines["ordered_at"].between(pd.Timestamp(date_from), pd.Timestamp(date_to))
    if program_id is not None:
        keep &= lines["program_id"] == program_id
    lines = lines[keep].assign(report_date=lines["ordered_at"].dt.normalize())
    rows = _summary(lines).assign(avg_transaction_value=_average(lines).to_numpy())
    rows = rows.merge(facts.programs[["program_id", "program_name"]], on="program_id")
    return rows.drop(columns=["total_qty", "total_points_redeemed"])


def _summary(lines):
    sums = lines.groupby(KEYS)[list(SUMS.values())].sum()
    sums.columns = list(SUMS)
    sums.insert(0, "total_orders", distinct(lines, KEYS, "order_id"))
    customers = distinct(lines, KEYS, "partner_id")
    sums.insert(1, "unique_customers", customers.reindex(sums.index, fill_value=0))
    return sums.reset_index().assign(
        total_amount=money(sums["total_amount"]),
        total_discount=money(sums["total_discount"]),
    )


def _average(lines):
    """Exact dollars per line of each group, in the order of `_summary`."""
    cents = lines.groupby(KEYS)["amount_cents"].agg(["sum", "size"])
    pairs = zip(cents["sum"].tolist(), cents["size"].tolist(), strict=True)
    averages = [Fraction(total, 100 * size) for total, size in pairs]
    return pd.Series(averages, dtype="object")
