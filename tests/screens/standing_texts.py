"""What the popup of a customer's standing is to say, by the oracle."""

from decimal import Decimal

import pandas as pd
from oracle.business_time import business_day
from oracle.member_facts import load_members
from oracle.membership_events import LEVELS
from oracle.standing import standings

# The end of the last business day of the history.
LAST_DAY, END = "2017-12-31", pd.Timestamp("2018-01-01 04:59:59.999999")
# Gold; Silver with points that expire soon; Bronze.
GOLD, SILVER, BRONZE = 13, 7, 10
SPENT = "$ {:,.2f} of $ {:,.2f} spent in the last 90 days."


def expected(household, instant):
    """Return ({name of a part: its texts}, percent on the bar or None)."""
    [found] = standings(pd.Series({household: instant})).values()
    level, since = found["level"]
    next_level, spent = found["next"], found["window_cents"] / 100
    today = _day(instant)
    texts = {
        "level": [LEVELS[level]],
        "since": [f"since {_day(since):%m/%d/%Y}"],
        "balance": [f"{found['balance']:,}"],
        "card": [f"Points programme, card {_card(household)} {found['balance']:,}"],
        "soon": [],
        "month": [
            f"{_month(month, today)}: {points:,}"
            for month, points in sorted(found["expiring"].items())
        ],
        "redemption": [
            f"{_day(at):%m/%d/%Y} · Points programme {points:,} points"
            for at, points in found["redemptions"]
        ],
    }
    soon, later = found["expiring_30_days"], found["expiring_90_days"]
    if soon:
        texts["soon"].append(f"{soon:,} expire within 30 days")
    if later > soon:
        texts["soon"].append(f"{later:,} expire within 90 days")
    if next_level:
        threshold = next_level[1] / 100
        name = LEVELS[next_level[0]]
        texts["spent"] = [SPENT.format(spent, threshold)]
        texts["missing"] = [f"$ {threshold - spent:,.2f} to {name}."]
        percent = str(int(Decimal(found["window_cents"] * 100) / next_level[1]))
    else:
        texts["spent"] = [f"$ {spent:,.2f} spent in the last 90 days."]
        texts["missing"] = ["There is no higher level."]
        percent = None
    return texts, percent


def _day(instant):
    [day] = business_day(pd.Series([instant]))
    return day


def _month(first, today):
    month = pd.Timestamp(first)
    due = " (due)" if (month.year, month.month) < (today.year, today.month) else ""
    return f"{month:%B %Y}{due}"


def _card(household):
    points = load_members().points
    [card] = points[points["partner_id"] == household]["card_id"].unique()
    return card
