"""Membership analytics of the reference history by level and bucket (METRICS.md)."""

from fractions import Fraction

import pandas as pd

from .business_time import bucket_columns, with_bucket
from .cache import remembered
from .member_facts import load_members
from .membership_events import LEVELS, held_at
from .promotion_performance import EVERYTHING, distinct, money, ratios

GRAINS = ("day", "week", "month", "year", None)
GROUPS = ("membership_product_id", "membership_level")
LAST_DAY = pd.Timestamp("2017-12-31")
CHURN_DAYS = 90
BUCKET = "bucket"
MEASURES = (
    "new_members",
    "active_members",
    "upgraded_members",
    "downgraded_members",
    "members",
    "total_spending",
    "avg_spending",
    "total_points_earned",
    "total_points_redeemed",
    "churned_members",
)
MOVES = {
    "new_members": "join",
    "upgraded_members": "upgrade",
    "downgraded_members": "downgrade",
}


@remembered
def membership_analytics(  # noqa: PLR0913 - one argument per parameter of the report
    group=("membership_product_id",),
    grain="day",
    *,
    date_from=None,
    date_to=None,
    products=None,
    churn_days=CHURN_DAYS,
    as_of=LAST_DAY,
    facts=None,
):
    """One row per bucket and group in which something happened at a level.

    group: any of membership_product_id, membership_level; () is all members together.
    grain: day, week, month, year or None (whole range). date_from, date_to: inclusive
        business days. products: only these levels. churn_days: days without a sale
        after which a member is churned, counted at most up to the day `as_of`.
    Returns the group's columns, `date` (label of the bucket) and MEASURES: counts and
    points as integers, total_spending as Decimal, avg_spending as Fraction of dollars
    (0 without active members). `members` hold the level at the end of the bucket's last
    day that is in the range. A level at which nobody joined, was moved to, bought,
    earned, redeemed or churned in a bucket has no row. Ordered by date, then ids.
    """
    if grain not in GRAINS or not set(group) <= set(GROUPS):
        raise ValueError(f"grain {grain!r} or group {group!r} is unknown")
    facts = load_members() if facts is None else facts
    keys = [*bucket_columns(grain), *group] or [EVERYTHING]

    def cut(frame, product="membership_product_id"):
        named = frame.assign(membership_product_id=frame[product])
        chosen = _select(named, date_from, date_to, products)
        return with_bucket(chosen.assign(**{BUCKET: chosen["date"]}), grain)

    counted = pd.concat(
        [
            _moved(cut(facts.events, "to_membership_product_id"), keys),
            _sold(cut(facts.sales), keys),
            _points(cut(facts.points), keys),
            cut(churn(facts, churn_days, as_of)).groupby(keys).size(),
        ],
        axis=1,
        sort=True,
    )
    counted.columns = [*counted.columns[:-1], "churned_members"]
    rows = counted.fillna(0).astype("int64").sort_index().reset_index()
    members = _members(rows, facts.events, grain, date_to, products)
    return _readable(rows.assign(members=members))[_columns(keys)]


def _columns(keys):
    return [key for key in keys if key != EVERYTHING] + [*MEASURES]


def _select(frame, date_from, date_to, products):
    """Rows at a level, within the days and of the wanted levels (None: all)."""
    keep = frame["membership_product_id"].notna()
    if date_from is not None:
        keep &= frame["date"] >= pd.Timestamp(date_from)
    if date_to is not None:
        keep &= frame["date"] <= pd.Timestamp(date_to)
    if products is not None:
        keep &= frame["membership_product_id"].isin(list(products))
    level = frame["membership_product_id"].map(LEVELS)
    return frame.assign(membership_level=level, **{EVERYTHING: 0})[keep]


def _moved(events, keys):
    """Distinct customers who joined, were upgraded or downgraded into each group."""
    return pd.DataFrame(
        {
            measure: distinct(events[events["event_type"] == kind], keys, "partner_id")
            for measure, kind in MOVES.items()
        }
    )


def _sold(sales, keys):
    """Distinct buyers, and cents spent, per group."""
    return pd.DataFrame(
        {
            "active_members": distinct(sales, keys, "partner_id"),
            "total_spending": sales.groupby(keys)["amount_cents"].sum(),
        }
    )


def _points(points, keys):
    """Points earned and redeemed, per group; expiries are no fact of this report."""
    points = points[points["transaction_type"].isin(["earn", "redeem"])]
    sums = points.groupby(keys)[["points_earned", "points_redeemed"]].sum()
    return sums.add_prefix("total_")


def churn(facts, churn_days=CHURN_DAYS, as_of=LAST_DAY):
    """The days on which customers crossed `churn_days` days without a sale.

    partner_id, date and membership_product_id held at the end of that day: a customer
    whose sale on day d is followed by none on d + 1 .. d + churn_days crosses on
    d + churn_days, if that is not after `as_of`; and again after every return.
    """
    days = facts.sales[["partner_id", "date"]].drop_duplicates()
    days = days.sort_values(["partner_id", "date"])
    crossing = days["date"] + pd.Timedelta(days=churn_days)
    following = days.groupby("partner_id")["date"].shift(-1)
    crossed = (following.isna() | (following > crossing)) & (
        crossing <= pd.Timestamp(as_of)
    )
    rows = days.assign(date=crossing)[crossed]
    held = held_at(rows, facts.events, "date", "date")
    return rows.assign(membership_product_id=held)


def members_by_day(events, last_day=LAST_DAY):
    """Holders of each membership product at the end of each day: days x products."""
    came = pd.crosstab(events["date"], events["to_membership_product_id"])
    left = pd.crosstab(events["date"], events["from_membership_product_id"])
    days = pd.date_range(events["date"].min(), max(last_day, events["date"].max()))
    shape = {"index": days, "columns": list(LEVELS), "fill_value": 0}
    return (came.reindex(**shape) - left.reindex(**shape)).cumsum()


def _members(rows, events, grain, date_to, products):
    """Members of each row's group at the end of the last day of its bucket."""
    daily = members_by_day(events)
    wanted = [each for each in LEVELS if products is None or each in products]
    ends = _last_days(rows, grain, date_to).clip(upper=daily.index[-1])
    return [
        int(daily.loc[end, _products_of(row, wanted)].sum())
        for row, end in zip(rows.to_dict("records"), ends, strict=True)
    ]


def _products_of(row, wanted):
    """The membership products that a row stands for."""
    return [
        product
        for product in wanted
        if row.get("membership_product_id", product) == product
        and row.get("membership_level", LEVELS[product]) == LEVELS[product]
    ]


def _last_days(rows, grain, date_to):
    """The last day of each row's bucket that is in the range."""
    last = LAST_DAY if date_to is None else pd.Timestamp(date_to)
    if grain is None:
        return pd.Series(last, index=rows.index)
    length = {
        "day": pd.DateOffset(days=1),
        "week": pd.DateOffset(days=7),
        "month": pd.DateOffset(months=1),
        "year": pd.DateOffset(years=1),
    }
    ends = rows["date"] + length[grain] - pd.Timedelta(days=1)
    return ends.clip(upper=last)


def _readable(rows):
    spending, active = rows["total_spending"], rows["active_members"]
    return rows.assign(
        total_spending=money(spending),
        avg_spending=ratios(spending, active * 100, Fraction(0)),
    )
