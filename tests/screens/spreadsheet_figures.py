"""What the figures of the spreadsheet dashboards are, by the oracle, and how they compare."""

from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from oracle import point_analytics, promotion_performance
from oracle.membership_analytics import membership_analytics

# Title of a scorecard → the oracle's measure.
PROMOTIONS = {
    "Attributed Amount": "total_amount",
    "Discount": "total_discount",
    "Transactions": "total_transactions",
    "Customers": "unique_customers",
    "Conversion Rate": "conversion_rate",
    "Discount Depth": "discount_depth",
    "Avg. Transaction": "avg_transaction_value",
}
MEMBERS = {
    "Members": "members",
    "Spending": "total_spending",
    "Points Earned": "total_points_earned",
    "Points Redeemed": "total_points_redeemed",
    "Active Members": "active_members",
    "New Members": "new_members",
    "Upgraded": "upgraded_members",
    "Downgraded": "downgraded_members",
}
POINTS = {
    "Outstanding": "balance",
    "Earned": "points_earned",
    "Redeemed": "points_redeemed",
    "Expired": "points_expired",
    "Redemption Rate": "redemption_rate",
    "Bookings": "transactions",
    "Cards": "cards",
    "Customers": "customers",
}
# Columns of tables.
SOLD = ("total_amount", "total_discount", "total_transactions", "unique_customers")
BOUGHT = ("members", "active_members", "total_spending", "avg_spending")


def performance(**asked):
    return promotion_performance.performance(**asked).to_dict("records")


def promotions(**asked):
    """Return the promotions' figures of a period; nothing sold is 0."""
    [found] = performance(group=(), **asked) or [dict.fromkeys(PROMOTIONS.values(), 0)]
    return found


def members(**asked):
    [found] = membership_analytics(group=(), grain=None, **asked).to_dict("records")
    return found


def points(date_from, date_to):
    """Return the points' figures of a period; nothing booked is 0."""
    rows = of_period(date_from, date_to)
    return {**booked(rows), "balance": point_analytics.outstanding(date_to)}


def of_period(date_from, date_to):
    """Return the rows of the ledger in a range of business days."""
    detail = point_analytics.point_detail()
    first, last = pd.Timestamp(date_from), pd.Timestamp(date_to)
    return detail[detail["date"].between(first, last)]


def booked(rows):
    """Return sums, the rate, and distinct cards and customers of rows of the ledger."""
    sums = {flow: int(rows[flow].sum()) for flow in point_analytics.FLOWS}
    earned, redeemed = sums["points_earned"], sums["points_redeemed"]
    return {
        **sums,
        "redemption_rate": Fraction(redeemed, earned) if earned else Fraction(0),
        "transactions": len(rows),
        "cards": rows["card_id"].nunique(),
        "customers": rows["partner_id"].nunique(),
    }


def check_cards(cards, measures, now, before):
    """Check value, value before and drawn change of scorecards."""
    for title, measure in measures.items():
        value, previously, card = cards[title]
        check(value, now[measure], measure)
        check(previously, before[measure], measure)
        if not before[measure]:
            assert card["baselineDisplay"] == ""
        elif "Rate" not in title and "Depth" not in title:
            change = abs(value - previously) / previously * 100
            assert card["baselineDisplay"] == f"{change:.1f}%", title
        if isinstance(now[measure], int) and now[measure] < 100_000:
            assert card["keyValue"] == f"{now[measure]:,}"


def check_table(shown, rows, measures, ordered_by=0):
    """Check the rows of a table, and that they are the first ones by a measure."""
    assert shown
    for name, values in shown.items():
        for value, measure in zip(values, measures, strict=False):
            check(value, rows[name][measure], measure)
    if ordered_by is not None:
        best = sorted(
            (row[measures[ordered_by]] for row in rows.values()), reverse=True
        )
        for values, expected in zip(shown.values(), best, strict=False):
            check(values[ordered_by], expected, measures[ordered_by])


def check(value, expected, measure):
    """Compare a cell with exact numbers; an empty one is nothing."""
    if measure == "avg_transaction_value":
        # The oracle's is rounded, as it is shown.
        value = decimal(value).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    if isinstance(expected, int | Decimal):
        assert decimal(value) == expected, measure
    else:
        assert float(value or 0) == pytest.approx(float(expected), rel=1e-9), measure


def decimal(value):
    """Return a cell's number exactly as it is written."""
    return Decimal(str(value or 0))
