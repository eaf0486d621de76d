"""Outstanding points of any history by age and expiry, and their ratios."""

from collections import defaultdict

from .generic_points import flows, outstanding, point_detail
from .generic_rows import ratio, total
from .generic_time import business_day, day, utc
from .point_ageing import AGE_BANDS, owed

CREDITS = ("earned", "adjusted")


def open_lots(tables, zone, date):
    """What is left of each credit of points at the end of a business day.

    card_id, date (of the credit), expires_at (naive UTC or None), left. A card's lots
    are its opening, if positive, and its rows that add points as earned or adjusted,
    less what later reverses of that very row took back; what else left the card is
    taken from the oldest lot first:
    left = min(lot, max(0, all lots up to this one - (all lots - balance))).
    """
    cards = defaultdict(list)
    for row in point_detail(tables, zone):
        if row["date"] <= day(date):
            cards[row["card_id"]].append(row)
    return [lot for rows in cards.values() for lot in _left(rows)]


def _left(rows):
    lots = _lots(rows)
    consumed = total(lot["points"] for lot in lots) - rows[-1]["balance"]
    reached, found = 0, []
    for lot in lots:
        reached += lot["points"]
        left = min(lot["points"], max(0, reached - consumed))
        if left > 0:
            found.append({**lot, "left": left})
    return found


def _lots(rows):
    """The credits of one card's rows, reverses of a credit taken off it."""
    opening = {"id": None, "expires_at": None, "date": rows[0]["date"]}
    opening |= {"card_id": rows[0]["card_id"], "points": rows[0]["opening"]}
    lots = [opening] + [
        {
            "id": row["id"],
            "card_id": row["card_id"],
            "date": row["date"],
            "expires_at": row["expires_at"] and utc(row["expires_at"]),
            "points": row["effect"] + _taken_back(row, rows),
        }
        for row in rows
        if row["counts_as"] in CREDITS and row["effect"] > 0 and row["lot"] is None
    ]
    return [lot for lot in lots if lot["points"] > 0]


def _taken_back(row, rows):
    """The effect (0 or negative) of the reverses that name this row."""
    return total(other["effect"] for other in rows if other["lot"] == row["id"])


def ageing(tables, zone, date):
    """{band: outstanding points} at the end of a day, by business days since earned."""
    lots = open_lots(tables, zone, date)
    bands = {}
    for band, low, high in AGE_BANDS:
        aged = [(lot["left"], (day(date) - lot["date"]).days) for lot in lots]
        bands[band] = total(
            left for left, age in aged if age >= low and (high is None or age <= high)
        )
    return bands


def expiry_forecast(tables, zone, date):
    """{first day of a month: points left at the end of `date` that expire in it}.

    The month is that of the business day of `expires_at`; None holds what never does.
    """
    months = defaultdict(list)
    for lot in open_lots(tables, zone, date):
        expires = lot["expires_at"]
        month = expires and business_day(expires, zone).replace(day=1)
        months[month].append(lot["left"])
    return {month: total(points) for month, points in months.items()}


def point_ratios(tables, zone, date_from=None, date_to=None):
    """redemption_rate, simple_breakage, realised_breakage of a range of days.

    redeemed / earned; (earned - redeemed) / earned; expired / earned: exact Fractions,
    None without earnings.
    """
    flow = flows(tables, zone, date_from, date_to)
    earned, redeemed = flow["points_earned"], flow["points_redeemed"]
    return {
        "redemption_rate": ratio(redeemed, earned, None),
        "simple_breakage": ratio(earned - redeemed, earned, None),
        "realised_breakage": ratio(flow["points_expired"], earned, None),
    }


def liability(tables, zone, date, value_per_point, expected_breakage=0):
    """Money owed at the end of a day: points x value x (1 - expected breakage)."""
    points = outstanding(tables, zone, date)
    return owed(points, value_per_point, expected_breakage)
