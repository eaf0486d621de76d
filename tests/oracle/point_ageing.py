"""Outstanding points by age and expiry, and their ratios (METRICS.md, Points)."""

from fractions import Fraction

import pandas as pd

from .business_time import business_day
from .point_analytics import flows, outstanding, point_detail

AGE_BANDS = (
    ("0-30", 0, 30),
    ("31-60", 31, 60),
    ("61-90", 61, 90),
    ("91-180", 91, 180),
    ("over 180", 181, None),
)


def open_lots(day, facts=None):
    """Earned points that are left at the end of a business day, per earning row.

    card_id, date (of earning), expires_at, left: min(lot, max(0, the card's earnings up
    to this lot - all it has redeemed and lost)), that is, first in first out.
    """
    detail = point_detail(facts)
    until = detail[detail["date"] <= pd.Timestamp(day)]
    lots = until[until["transaction_type"] == "earn"]
    lots = lots.sort_values(["card_id", "transaction_date", "seq"])
    spent = until[["points_redeemed", "points_expired"]].sum(axis=1)
    consumed = lots["card_id"].map(spent.groupby(until["card_id"]).sum())
    earned = lots.groupby("card_id")["points_earned"].cumsum()
    left = (earned - consumed).clip(lower=0)
    left = left.where(left < lots["points_earned"], lots["points_earned"])
    lots = lots.assign(left=left)
    return lots.loc[left > 0, ["card_id", "date", "expires_at", "left"]]


def ageing(day, facts=None):
    """{band: outstanding points} at the end of a day, by business days since earned."""
    lots = open_lots(day, facts)
    age = (pd.Timestamp(day) - lots["date"]).dt.days
    return {
        band: int(
            lots["left"][age.between(low, float("inf") if high is None else high)].sum()
        )
        for band, low, high in AGE_BANDS
    }


def expiry_forecast(day, facts=None):
    """{first day of a month: points outstanding at the end of `day` that expire in it}.

    The month is that of the business day of the lot's `expires_at`.
    """
    lots = open_lots(day, facts)
    expiry = business_day(lots["expires_at"])
    months = expiry - pd.to_timedelta(expiry.dt.day - 1, unit="D")
    return {
        month.date(): int(points)
        for month, points in lots["left"].groupby(months).sum().items()
    }


def redemption_rate(date_from=None, date_to=None, facts=None):
    """Redeemed / earned in the range: an exact Fraction, None without earnings."""
    flow = flows(date_from, date_to, facts)
    return ratio(flow["points_redeemed"], flow["points_earned"])


def simple_breakage(date_from=None, date_to=None, facts=None):
    """Unspent / issued: (earned - redeemed) / earned in the range; None without."""
    flow = flows(date_from, date_to, facts)
    unspent = flow["points_earned"] - flow["points_redeemed"]
    return ratio(unspent, flow["points_earned"])


def realised_breakage(date_from=None, date_to=None, facts=None):
    """Expired / earned in the range; None without earnings."""
    flow = flows(date_from, date_to, facts)
    return ratio(flow["points_expired"], flow["points_earned"])


def liability(day, value_per_point, expected_breakage=None, facts=None):
    """Money owed for the points outstanding at the end of a day, as a Fraction.

    value_per_point: currency per point. expected_breakage (0..1), if given, makes it
    the net liability. Both may be Decimal, Fraction, integer or numeric text.
    """
    return owed(outstanding(day, facts), value_per_point, expected_breakage or 0)


def owed(points, value_per_point, expected_breakage):
    """points x value per point x (1 - expected breakage), exactly."""
    kept = 1 - Fraction(expected_breakage)
    return Fraction(points) * Fraction(value_per_point) * kept


def ratio(numerator, denominator):
    """The exact fraction, None when there is nothing to divide by."""
    return Fraction(numerator) / Fraction(denominator) if denominator else None
