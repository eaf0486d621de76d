"""Promotion performance at any grouping, every measure of METRICS.md, exactly."""

from decimal import Decimal
from fractions import Fraction

import pandas as pd

from .business_time import bucket_columns, with_bucket
from .cache import load, remembered

EVERYTHING = "everything"
SUMS = {
    "total_qty": "qty",
    "total_amount": "amount_cents",
    "total_discount": "discount_cents",
}
EVALUATED = ("applied", "eligible")
MEASURES = (
    "total_transactions",
    "total_qty",
    "total_amount",
    "total_discount",
    "avg_transaction_value",
    "unique_customers",
    "eligible_transactions",
    "applied_transactions",
    "conversion_rate",
    "discount_depth",
)


@remembered
def performance(  # noqa: PLR0913 - one argument per filter of the report
    group=("program_id",),
    grain=None,
    *,
    date_from=None,
    date_to=None,
    programs=None,
    stores=None,
    channels=None,
    facts=None,
):
    """The promotion report: one row per bucket and group that has a fact.

    group: any of program_id, store_id, channel; () counts orders and customers once
        over all programs. grain: hour, day, week, month, year or None (whole range).
    date_from, date_to: inclusive business days (date or ISO text). programs, stores,
        channels: keep only these. facts: a `Facts`, default the reference history.
    Returns the group's columns, `date` (label of the bucket) and `hour` where the
    grain has them, and MEASURES: counts and qty as integers, money as Decimal with two
    digits, ratios as Fraction. Ordered by date, hour, then ids.
    """
    facts = load() if facts is None else facts
    wanted = {"program_id": programs, "store_id": stores, "channel": channels}
    keys = [*bucket_columns(grain), *group] or [EVERYTHING]
    lines, evaluations = (
        with_bucket(_select(frame, date_from, date_to, wanted), grain)
        for frame in (facts.lines, facts.evaluations)
    )
    evaluated = _of_evaluations(evaluations, keys)
    counted = _of_lines(lines, keys).join(evaluated, how="outer")
    rows = counted.fillna(0).astype("int64").sort_index().reset_index()
    return _readable(rows)[[key for key in keys if key != EVERYTHING] + [*MEASURES]]


def _select(frame, date_from, date_to, wanted):
    """Rows within the business days and with the wanted values (None: all)."""
    keep = pd.Series(True, index=frame.index)
    if date_from is not None:
        keep &= frame["date"] >= pd.Timestamp(date_from)
    if date_to is not None:
        keep &= frame["date"] <= pd.Timestamp(date_to)
    for column, values in wanted.items():
        if values is not None:
            keep &= frame[column].isin(list(values))
    return frame[keep].assign(**{EVERYTHING: 0})


def distinct(rows, keys, column):
    """Distinct non-null values of a column, per group."""
    known = rows[[*keys, column]].dropna(subset=[column]).drop_duplicates()
    return known.groupby(keys)[column].size()


def _of_lines(lines, keys):
    """Sums, distinct orders and distinct customers of the lines, per group."""
    sums = lines.groupby(keys)[list(SUMS.values())].sum()
    sums.columns = list(SUMS)
    return sums.assign(
        total_transactions=distinct(lines, keys, "order_id"),
        unique_customers=distinct(lines, keys, "partner_id"),
    )


def _of_evaluations(evaluations, keys):
    """Distinct orders evaluated, and those of them applied, per group."""
    evaluated = evaluations[evaluations["outcome"].isin(EVALUATED)]
    applied = evaluated[evaluated["outcome"] == "applied"]
    counts = {
        "eligible_transactions": distinct(evaluated, keys, "order_id"),
        "applied_transactions": distinct(applied, keys, "order_id"),
    }
    return pd.DataFrame(counts)


def _readable(rows):
    """Cents to Decimal, and the ratios from the exact sums."""
    amount, discount = rows["total_amount"], rows["total_discount"]
    orders, eligible = rows["total_transactions"], rows["eligible_transactions"]
    return rows.assign(
        avg_transaction_value=money(map(half_up, amount, orders)),
        conversion_rate=ratios(rows["applied_transactions"], eligible, Fraction(0)),
        discount_depth=ratios(discount, amount + discount, None),
        total_amount=money(amount),
        total_discount=money(discount),
    )


def money(cents):
    """Decimals with two digits from integer cents."""
    return pd.array([Decimal(int(value)).scaleb(-2) for value in cents], dtype="object")


def half_up(numerator, denominator):
    """The nearest integer, halves away from zero; 0 without denominator."""
    if not denominator:
        return 0
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def ratios(numerators, denominators, without):
    """Exact fractions, `without` where the denominator is 0."""
    pairs = zip(numerators.tolist(), denominators.tolist(), strict=True)
    values = [Fraction(top, bottom) if bottom else without for top, bottom in pairs]
    return pd.array(values, dtype="object")
