"""Points of the reference history: rollup, balances and roll-forward (METRICS.md)."""

import pandas as pd

from .business_time import bucket_columns, with_bucket
from .cache import remembered
from .member_facts import load_members

TYPES = ("earn", "redeem", "expire", "adjust", "reverse")
FLOWS = ["points_earned", "points_redeemed", "points_expired", "points_adjusted"]
ROLLUP = ["card_id", "date", "hour", "transaction_type"]
CARD_DAY = ["card_id", "date"]


def point_detail(facts=None):
    """The rows of `point_analytics` in PostgreSQL; columns as in `MemberFacts`."""
    return (load_members() if facts is None else facts).points


@remembered
def point_rollup(facts=None):
    """By card, business day, UTC instant of the local clock hour, and type.

    partner_id, FLOWS in points and `balance`: the card's at the end of that hour, the
    same in every row of the hour, never to be summed over hours or types.
    """
    detail = _in_order(point_detail(facts))
    sums = detail.groupby([*ROLLUP, "partner_id"], as_index=False)[FLOWS].sum()
    ends = detail.groupby(["card_id", "hour"], as_index=False)["balance_after"].last()
    rows = sums.merge(ends, on=["card_id", "hour"], validate="many_to_one")
    return rows.rename(columns={"balance_after": "balance"})


@remembered
def roll_forward(facts=None):
    """Per card and business day with a row: opening, FLOWS, closing, in points.

    opening + earned - redeemed - expired + adjusted = closing. The history's cards
    begin with 0 points.
    """
    detail = _in_order(point_detail(facts))
    sums = detail.groupby(CARD_DAY, as_index=False)[FLOWS].sum()
    closing = detail.groupby(CARD_DAY)["balance_after"].last().to_numpy()
    opening = pd.Series(closing).groupby(sums["card_id"]).shift(fill_value=0)
    return sums.assign(opening=opening, closing=closing)


def outstanding(day, facts=None):
    """Points of all cards at the end of a business day."""
    detail = point_detail(facts)
    until = _in_order(detail[detail["date"] <= pd.Timestamp(day)])
    return int(until.groupby("card_id")["balance_after"].last().sum())


@remembered
def balances(group=(), grain="day", date_from=None, date_to=None, facts=None):
    """Points of all cards at the end of each bucket in which the group has a row.

    group: any of program_id, card_id, partner_id; each card has one of them. grain:
    hour, day, week, month, year or None (one bucket of all). Computed of what the
    ledger says that each card has, not of what was booked.
    """
    detail = _in_order(point_detail(facts))
    last = detail["date"].max() if date_to is None else pd.Timestamp(date_to)
    detail = detail[detail["date"] <= last]
    moment = "hour" if grain == "hour" else "date"
    ends = detail.groupby(["card_id", moment], as_index=False).last()
    before = ends.groupby("card_id")["balance_after"].shift(fill_value=0)
    ends = ends.assign(step=ends["balance_after"] - before).sort_values(moment)
    group = [*group]
    by = ends.groupby(group)["step"] if group else ends["step"]
    ends = ends.assign(balance=by.cumsum())
    if date_from is not None:
        ends = ends[ends["date"] >= pd.Timestamp(date_from)]
    keys = [*group, *bucket_columns(grain)]
    if not keys:
        return ends[["balance"]].tail(1)
    return with_bucket(ends, grain).groupby(keys, as_index=False)["balance"].last()


def flows(date_from=None, date_to=None, facts=None):
    """Points earned, redeemed, expired, adjusted in a range of business days."""
    detail = point_detail(facts)
    first = detail["date"].min() if date_from is None else pd.Timestamp(date_from)
    last = detail["date"].max() if date_to is None else pd.Timestamp(date_to)
    return {
        name: int(total)
        for name, total in detail.loc[detail["date"].between(first, last), FLOWS]
        .sum()
        .items()
    }


def _in_order(detail):
    return detail.sort_values(["card_id", "transaction_date", "seq"])
