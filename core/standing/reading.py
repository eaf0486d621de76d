"""A customer's standing out of the reporting database.

Every statement reads only this customer's rows, through indexes; periods are given as
values, so that partitions outside of them are not even planned. All of it is to run in one
transaction of REPEATABLE READ, as Odoo's are, so that the parts belong together.
"""

from dataclasses import replace

from ..errors import BadQuery
from .level import membership_of
from .points import points_of
from .question import BY_ODOO_PARTNER, BY_PARTNER
from .records import Clock, Customer, Standing
from .spend import spend_of
from .statements import fetch

_COLUMNS = {BY_PARTNER: "external_id", BY_ODOO_PARTNER: "partner_id"}


def customers(cr, question):
    """Return the :class:`Customer` records that a question names, of all companies.

    Several may be linked to one contact: a merge in Odoo does not merge them at the
    engine. The engine's number may be that of one customer in each of several sources.
    """
    asked = {"id": question.id}
    rows = fetch(cr, "customers", asked, column=_COLUMNS[question.by])
    return [Customer(*row) for row in rows]


def is_offered(cr, company_id):
    """Return whether a source of a company knows a customer with a contact of Odoo's."""
    [[is_offered]] = fetch(cr, "is_offered", {"company": company_id})
    return is_offered


def clock(cr, question, zone):
    """Return the :class:`Clock` of a question in a company's time zone.

    :raise BadQuery: what was booked since then is archived: no balance of that instant
        is known any more
    """
    asked = {"instant": question.instant, "day": question.day, "zone": zone}
    at = Clock(*fetch(cr, "clock", asked)[0])
    if at.known_since and at.day < at.known_since:
        raise BadQuery(
            "as_of",
            f"Rows before {at.known_since} are archived, and with them how customers "
            f"stood then. Ask about {at.known_since} or later, or let an administrator "
            "restore the months.",
        )
    return at


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
    membership, progress = membership_of(cr, found, asked)
    spend, first, last = spend_of(cr, asked)
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
