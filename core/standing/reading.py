"""A customer's standing out of the reporting database.

Every statement reads only this customer's rows, through indexes; periods are given as
values, so that partitions outside of them are not even planned. All of it is to run in one
transaction of REPEATABLE READ, as Odoo's are, so that the parts belong together.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from .points import points_of
from .question import BY_ODOO_PARTNER, BY_PARTNER
from .records import (
    Clock,
    Customer,
    Level,
    Membership,
    Order,
    Progress,
    Spend,
    Standing,
)
from .statements import decimal, rows

WINDOW_DAYS = 90
# Name → business days, the instant's own among them.
PERIODS = {"today": 1, "last_30_days": 30, "last_90_days": 90, "last_365_days": 365}
LIFETIME = "lifetime"
_COLUMNS = {BY_PARTNER: "external_id", BY_ODOO_PARTNER: "partner_id"}


def customers(cr, question):
    """Return the :class:`Customer` records that a question names, of all companies.

    Several may be linked to one contact: a merge in Odoo does not merge them at the
    engine. The engine's number may be that of one customer in each of several sources.
    """
    asked = {"id": question.id}
    rows = rows(cr, "customers", asked, column=_COLUMNS[question.by])
    return [Customer(*row) for row in rows]


def clock(cr, question, zone):
    """Return the :class:`Clock` of a question in a company's time zone."""
    asked = {"instant": question.instant, "day": question.day, "zone": zone}
    return Clock(*rows(cr, "clock", asked)[0])


def standing(cr, found, company, at):
    """Return the :class:`Standing` of some customers, taken together.

    Cards, points and spend are summed over them. The engine judges each by itself, so
    the level is the highest that one of them holds, and the progress is of that one;
    while none is a member, of the one that spent most.

    :param found: :class:`Customer` records; none: an empty standing
    :param company: :class:`~core.records.Company`; facts of others are not seen
    :param at: :class:`Clock`
    """
    asked = {
        "customers": [customer.key for customer in found],
        "company": company.id,
        "as_of": at.as_of,
        "day": at.day,
        "zone": company.timezone,
    }
    cards, points, redemptions, programs = points_of(cr, found, asked)
    membership, progress = _membership(cr, found, asked)
    spend, first, last = _spend(cr, asked)
    whole = Standing(
        partner_ids=tuple(sorted({customer.partner_id for customer in found})),
        points=points,
        cards=cards,
        membership=membership,
        progress=progress,
        redemptions=redemptions,
        spend=spend,
        first_order=first,
        last_order=last,
        programs=programs,
    )
    # Nothing is told of a customer whom only other companies know.
    return whole if whole.known else replace(whole, partner_ids=())


# ---------------------------------------------------------------- membership


def _membership(cr, found, asked):
    """Return (membership or None, progress)."""
    held = rows(cr, "membership", asked)
    key, membership = (held[0][0], Membership(*held[0][1:])) if held else (None, None)
    sources = [c.source for c in found if key is None or c.key == key]
    upper, threshold, days = _next_level(cr, membership, sources, asked)
    since = asked["as_of"] - timedelta(days)
    spent = {
        customer: Decimal(amount)
        for customer, amount in rows(cr, "window_spend", {**asked, "since": since})
    }
    spend = spent.get(key, Decimal()) if held else max(spent.values(), default=Decimal())
    return membership, Progress(days, spend, upper, threshold, *_part(spend, threshold))


def _next_level(cr, membership, sources, asked):
    """Return (level or None, threshold or None, days of the window)."""
    if membership and membership.rank is None:
        return None, None, WINDOW_DAYS
    rank = membership.rank if membership else None
    rows = rows(cr, "next_level", {**asked, "sources": sources, "rank": rank})
    if not rows:
        return None, None, WINDOW_DAYS
    [(*level, threshold, days)] = rows
    threshold = decimal(threshold)
    # What is empty in Odoo is 0.
    told = threshold if threshold and threshold > 0 else None
    return Level(*level), told, days if days and days > 0 else WINDOW_DAYS


def _part(spend, threshold):
    """Return (what is missing, share that is there)."""
    if threshold is None:
        return None, None
    missing = max(Decimal(), threshold - spend)
    return missing, float(min(max(spend / threshold, Decimal()), Decimal(1)))


# ---------------------------------------------------------------- spend


def _spend(cr, asked):
    """Return ({period: spend}, first order or None, last order or None)."""
    since = {n: asked["day"] - timedelta(days - 1) for n, days in PERIODS.items()}
    since = {name: day.isoformat() for name, day in since.items()}
    since[LIFETIME] = "-infinity"
    days = {"names": [*since], "since": [*since.values()]}
    found = {name: row for name, *row in rows(cr, "spend", {**asked, **days})}
    spend = {
        name: Spend(Decimal(found[name][0]), *found[name][1:3]) for name in since
    }
    first, last = found[LIFETIME][3:]
    return spend, _order(cr, asked, first, "ASC"), _order(cr, asked, last, "DESC")


def _order(cr, asked, day, order):
    """Return the first (ASC) or last (DESC) sale of a day; None without a day."""
    if day is None:
        return None
    rows = rows(cr, "order", {**asked, "day": day}, order=order)
    if not rows:
        return Order(day)
    [(order_id, instant, date, amount)] = rows
    return Order(date, order_id, instant, Decimal(amount))
