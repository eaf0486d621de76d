"""Expected rows of the second and third SQL statement of API.md, as written.

Both read the rows of `point_analytics` (PostgreSQL): a frame with the columns of
`MemberFacts.points`, by default the reference history's, or the rows of
`generic.point_detail`. `date_from` and `date_to` are inclusive UTC instants and
`report_date` is the UTC day, as in the statements; averages are exact Fractions per
row. Rows are ordered as the statements order them, ties by the group's name.
"""

from fractions import Fraction

import pandas as pd

from .membership_events import LEVELS
from .point_analytics import point_detail

STATEMENT_2 = ["membership_level", "report_date"]
STATEMENT_3 = ["report_date", "transaction_type"]
COLUMNS = ["partner_id", "membership_product_id", "transaction_date"]
COLUMNS += ["transaction_type", "points_amount", "amount", "is_first_order"]
COLUMNS += ["points_earned", "points_redeemed"]


def sql_statement_2(date_from, date_to, *, detail=None, levels=None):
    """Members by level and UTC day, over any point row (METRICS.md does not apply).

    levels: {membership_product_id: level}; rows of a product that is not in it, or of
    no product, fall out of the statement's join. new_members are the customers of rows
    whose order was the customer's first; total_spending is the orders' on `earn` rows.
    """
    rows = _cut(detail, date_from, date_to)
    level = rows["membership_product_id"].map(LEVELS if levels is None else levels)
    rows = rows.assign(membership_level=level).dropna(subset=["membership_level"])
    found = [
        dict(zip(STATEMENT_2, key, strict=True)) | _members(group)
        for key, group in rows.groupby(STATEMENT_2)
    ]
    return _ordered(found, lambda row: -row["total_spending"], "membership_level")


def sql_statement_3(date_from, date_to, partner_id=None, *, detail=None):
    """Points by UTC day and type as delivered; a `reverse` is a type of its own."""
    rows = _cut(detail, date_from, date_to)
    if partner_id is not None:
        rows = rows[rows["partner_id"].eq(partner_id)]
    found = [
        dict(zip(STATEMENT_3, key, strict=True)) | _transactions(group["points_amount"])
        for key, group in rows.groupby(STATEMENT_3)
    ]
    return _ordered(found, lambda row: row["transaction_type"])


def _cut(detail, date_from, date_to):
    """The rows between two instants, with their UTC day."""
    if detail is None:
        detail = point_detail()
    elif not isinstance(detail, pd.DataFrame):  # objects: no identifier becomes a float
        detail = pd.DataFrame(detail, columns=COLUMNS, dtype="object")
    instants = pd.to_datetime(detail["transaction_date"])
    keep = instants.between(pd.Timestamp(date_from), pd.Timestamp(date_to))
    return detail.assign(report_date=instants.dt.normalize())[keep]


def _members(group):
    first = group.loc[group["is_first_order"].eq(True), "partner_id"]
    spending = sum(group["amount"])
    return {
        "new_members": first.nunique(),
        "active_members": group["partner_id"].nunique(),
        "total_spending": spending,
        "avg_spending": Fraction(spending) / len(group),
        "total_points_earned": sum(group["points_earned"]),
        "total_points_redeemed": sum(group["points_redeemed"]),
    }


def _transactions(points):
    return {
        "total_points": sum(points),
        "transaction_count": len(points),
        "avg_points": Fraction(sum(points)) / len(points),
    }


def _ordered(rows, *others):
    """Latest day first, then by each of the other keys (a column or a function)."""

    def place(row):
        rest = [each(row) if callable(each) else row[each] for each in others]
        return (-row["report_date"].toordinal(), *rest)

    return sorted(rows, key=place)
