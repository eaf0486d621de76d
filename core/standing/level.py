"""The membership that a customer holds, and how far it is to the next."""

from datetime import UTC, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .records import Level, Membership, Progress
from .statements import decimal, fetch

WINDOW_DAYS = 90


def business_day(instant, zone):
    """Return the business day of an instant (UTC, without a zone)."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def membership_of(cr, found, asked):
    """Return (membership or None, progress)."""
    held = fetch(cr, "membership", asked)
    key, membership = (held[0][0], Membership(*held[0][1:])) if held else (None, None)
    sources = [c.source for c in found if key is None or c.key == key]
    upper, threshold, days = _next_level(cr, membership, sources, asked)
    since = asked["as_of"] - timedelta(days)
    window = {"since": since, "first_day": business_day(since, asked["zone"])}
    spent = {
        customer: decimal(amount)
        for customer, amount in fetch(cr, "window_spend", {**asked, **window})
    }
    if held:
        spend = spent.get(key, Decimal())
    else:
        is_known = None not in spent.values()
        spend = max(spent.values(), default=Decimal()) if is_known else None
    return membership, Progress(days, spend, upper, threshold, *_part(spend, threshold))


def _next_level(cr, membership, sources, asked):
    """Return (level or None, threshold or None, days of the window)."""
    if membership and membership.rank is None:
        return None, None, WINDOW_DAYS
    rank = membership.rank if membership else None
    rows = fetch(cr, "next_level", {**asked, "sources": sources, "rank": rank})
    if not rows:
        return None, None, WINDOW_DAYS
    [(*level, threshold, days)] = rows
    threshold = decimal(threshold)
    # What is empty in Odoo is 0.
    told = threshold if threshold and threshold > 0 else None
    return Level(*level), told, days if days and days > 0 else WINDOW_DAYS


def _part(spend, threshold):
    """Return (what is missing, share that is there)."""
    if threshold is None or spend is None:
        return None, None
    missing = max(Decimal(), threshold - spend)
    return missing, float(min(max(spend / threshold, Decimal()), Decimal(1)))
