"""Where each customer of the reference history stands at an instant, from scratch."""

from collections import defaultdict
from datetime import timedelta

from .business_time import business_day
from .member_facts import load_members
from .membership_events import LEVELS, WINDOW
from .point_rows import effect

PERIODS = {"today": 1, "last_30_days": 30, "last_90_days": 90, "last_365_days": 365}
THRESHOLD_CENTS = {2: 300_00, 3: 1000_00}
REDEMPTIONS = 5


def standings(instants, facts=None):
    """{partner_id: standing} of the customers in `instants`, each at an instant of its own.

    instants: naive UTC timestamps by partner_id. Money is in cents, points are whole.
    A standing has balance, balance_after, last_movement, expiring {first day of a month:
    points}, expiring_30_days, expiring_90_days, level (id, since) or None, window_cents,
    next (id, threshold in cents) or None, redemptions [(instant, points)], newest first,
    spend {period: (cents, orders)}, first and last: (order_id, instant, cents) or None.
    """
    facts = facts or load_members()
    points = facts.points.assign(
        effect=effect(facts.points), ends=business_day(facts.points["expires_at"])
    )
    sales, events, points = (
        _by_partner(frame.sort_values(["partner_id", *order]), columns)
        for frame, order, columns in (
            (facts.sales, _SALES[1::-1], _SALES),
            (facts.events, ["occurred_at", "id"], _EVENTS),
            (points, ["transaction_date", "seq"], _POINTS),
        )
    )
    days = business_day(instants)
    return {
        partner: _standing(
            *(_until(rows[partner], instant) for rows in (sales, events, points)),
            instant,
            day,
        )
        for (partner, instant), day in zip(instants.items(), days, strict=True)
    }


_SALES = ["order_id", "ordered_at", "date", "amount_cents"]
_EVENTS = ["to_membership_product_id", "occurred_at"]
_POINTS = ["transaction_type", "transaction_date", "points_amount", "balance_after"]
_POINTS += ["effect", "ends"]
_INSTANT = 1  # its place in all of them


def _by_partner(frame, columns):
    """{partner: tuples of these columns, in the order of the frame}."""
    found = defaultdict(list)
    values = (frame[column].tolist() for column in columns)
    for partner, *row in zip(frame["partner_id"].tolist(), *values, strict=True):
        found[partner].append(tuple(row))
    return found


def _until(rows, instant):
    return [row for row in rows if row[_INSTANT] <= instant]


def _standing(sales, events, points, instant, day):
    level = _level(events)
    after = level[0] + 1 if level else 1
    recent = [row for row in sales if row[_INSTANT] > instant - WINDOW]
    return {
        **_points(points, day),
        **_sales(sales, day),
        "level": level,
        "window_cents": sum(cents for *_order, cents in recent),
        "next": (after, THRESHOLD_CENTS.get(after)) if after in LEVELS else None,
    }


def _level(events):
    """(id, instant since which it is held), or None: of one instant the last counts."""
    held = None
    for level, instant in dict((at, (level, at)) for level, at in events).values():
        if held is None or held[0] != level:
            held = (level, instant)
    return held


def _points(rows, day):
    redeemed = [row for row in rows if row[0] == "redeem"][: -REDEMPTIONS - 1 : -1]
    return {
        "balance": sum(row[4] for row in rows),
        "balance_after": rows[-1][3] if rows else None,
        "last_movement": rows[-1][1] if rows else None,
        "redemptions": [(instant, points) for _t, instant, points, *_ in redeemed],
        **_expiring(rows, day),
    }


def _expiring(rows, day):
    """The lots that are left, first in first out, by the day on which they end."""
    spent = sum(row[2] for row in rows if row[0] in ("redeem", "expire"))
    months, within = defaultdict(int), {30: 0, 90: 0}
    for kind, _instant, points, _after, _effect, ends in rows:
        if kind != "earn":
            continue
        used = min(points, spent)
        spent -= used
        if points == used:
            continue
        months[ends.strftime("%Y-%m-01")] += points - used
        for days in within:
            within[days] += points - used if ends <= day + timedelta(days) else 0
    return {
        "expiring": dict(months),
        "expiring_30_days": within[30],
        "expiring_90_days": within[90],
    }


def _sales(rows, day):
    """Each period ends with the day of the instant, which counts as one."""
    spend = {}
    for name, days in (*PERIODS.items(), ("lifetime", 10_000)):
        of = [cents for *_o, date, cents in rows if date > day - timedelta(days)]
        spend[name] = (sum(of), len(of))
    first, last = (
        (rows[place][0], rows[place][1], rows[place][3]) if rows else None
        for place in (0, -1)
    )
    return {"spend": spend, "first": first, "last": last}
