"""The beginning of an erasure: one transaction, after which nothing brings back whom it names."""

import json
from dataclasses import dataclass

from ..database import sql
from ..errors import BadQuery
from ..stores import archived, loads
from ..stores.reporting import transaction
from . import archives
from .pseudonyms import CARD, CUSTOMER, Pseudonyms


@dataclass(frozen=True)
class Asked:
    """Who asked for what.

    :param customer_keys: the person's customers, of whatever system
    :param user_id: of Odoo's user who does it
    :param requester: ``person``, ``authority`` or ``company``
    :param reference: of a file elsewhere; never a name
    """

    customer_keys: tuple[int, ...]
    user_id: int
    requester: str = "person"
    reference: str = ""


def begin(dsn, secret, asked):
    """Give the person's identifiers up for pseudonyms, from this instant on.

    Waits for the loads that run; the next ones know the digests.

    :param secret: see :class:`~core.erasure.pseudonyms.Pseudonyms`
    :return: number of the erasure, to be run by :func:`core.erasure.run.run`
    :raise ConfigurationError: without a secret, or with another than before
    :raise BadQuery: there is no such customer, or it was erased before
    """
    pseudonyms = Pseudonyms(secret)
    with transaction(dsn) as cr:
        loads.change_configuration(cr)
        loads.lock(cr)
        pseudonyms.keep_check(cr)
        found = {
            CUSTOMER: _customers(cr, asked.customer_keys)
            + _aliases(cr, asked.customer_keys),
            CARD: _cards(cr, asked.customer_keys),
        }
        number = _write(cr, asked, found)
        for kind, rows in found.items():
            for key, source, external_id in rows:
                digest = pseudonyms.digest(source, kind, external_id)
                cr.execute(
                    "INSERT INTO loyalty_reporting_erased"
                    " (digest, source, kind, pseudonym, erasure_id)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    [digest, source, kind, -key, number],
                )
        values = {"customers": [*asked.customer_keys], "cards": _keys(found[CARD])}
        cr.execute(sql("erasure/sql/rename.sql"), values)
        cr.execute(sql("erasure/sql/forget_hashes.sql"), values)
    return number


def _customers(cr, keys):
    cr.execute(
        "SELECT id, source, external_id FROM loyalty_reporting_customer"
        " WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [[*keys]],
    )
    found = cr.fetchall()
    if len(found) != len({*keys}) or not found:
        raise BadQuery("customer", "There is no such customer.")
    if any(external_id == -key for key, _source, external_id in found):
        raise BadQuery("customer", "This customer was erased before.")
    return found


def _aliases(cr, keys):
    """Return the identifiers of whoever was merged into them; digests stand for these now."""
    cr.execute(
        "DELETE FROM loyalty_reporting_alias WHERE customer_key = ANY(%s)"
        " RETURNING customer_key, source, external_id",
        [[*keys]],
    )
    return cr.fetchall()


def _cards(cr, keys):
    cr.execute(sql("erasure/sql/cards.sql"), {"customers": [*keys]})
    return cr.fetchall()


def _keys(rows):
    return [key for key, *_rest in rows]


def _write(cr, asked, found):
    cr.execute(
        "INSERT INTO loyalty_reporting_erasure (user_id, requester, reference,"
        " identifiers) VALUES (%s, %s, %s, %s) RETURNING id",
        [asked.user_id, asked.requester, asked.reference, json.dumps(found)],
    )
    return cr.fetchone()[0]


def preview(cr, customer_keys):
    """Return what an erasure would be about: {name: count}.

    ``months``: those archived with more of them.
    """
    customers = [*customer_keys]
    cr.execute(sql("erasure/sql/preview.sql"), {"customers": customers})
    names = [column.name for column in cr.description]
    counts = dict(zip(names, cr.fetchone(), strict=True))
    months = {*archives.months_of(cr, customers, [])} & {*archived.away(cr)}
    return {**counts, "months": len(months)}
