"""Whom loads must not bring back: staged identifiers that were erased are replaced."""

import hmac
import re

from ..errors import ConfigurationError

CUSTOMER, CARD = "customer", "card"
# Staged columns with the identifiers of each kind.
STAGED = {
    CUSTOMER: (
        ("stage_order", "partner_id"),
        ("stage_evaluation", "partner_id"),
        ("stage_point", "partner_id"),
        ("stage_membership_event", "partner_id"),
        ("stage_card", "partner_id"),
    ),
    CARD: (("stage_point", "card_id"), ("stage_card", "id")),
}
_ALIASES = """
    UPDATE {table} s SET {column} = c.external_id
    FROM loyalty_reporting_alias a JOIN loyalty_reporting_customer c
        ON c.id = a.customer_key
    WHERE a.source = %s AND a.external_id = s.{column}
"""
# Rows as they came, in texts.
_RAW = ("stage_unread", "stage_reject")
_KINDS = {"partner_id": CUSTOMER, "card_id": CARD}
_KEYED = re.compile(r'("(partner_id|card_id)"\s*:\s*"?)(-?\d+)')
_NUMBER = re.compile(r"(?<![\d.])\d+(?![\d.])")
_FIXED = "loyalty_reporting erasure"
_NO_SECRET = (
    "The setting erasure_secret is missing, without which loads bring them back who were "
    "erased: set LOYALTY_REPORTING_ERASURE_SECRET, to a long random text at the first "
    "time, and to the same ever after."
)


class Pseudonyms:
    """What stands for identifiers that were erased.

    :param secret: the key of the digests; it is in no database
    """

    def __init__(self, secret=""):
        self._secret = secret.encode()

    def digest(self, source, kind, number):
        """Return what an identifier is remembered by."""
        return self._of(f"{source}\x1f{kind}\x1f{number}")

    def check(self, cr):
        """Compare the secret with the one of the digests that are kept here.

        :raise ConfigurationError: there is none, or another
        """
        cr.execute("SELECT digest FROM loyalty_reporting_erasure_secret")
        kept = cr.fetchone()
        if not self._secret:
            raise ConfigurationError(_NO_SECRET)
        if kept and bytes(kept[0]) != self._of(_FIXED):
            raise ConfigurationError(
                "The setting erasure_secret is not the one by which persons were erased "
                "here: a load would bring them back."
            )

    def keep_check(self, cr):
        """Have later secrets compared with this one.

        :raise ConfigurationError: another one is kept already
        """
        self.check(cr)
        cr.execute(
            "INSERT INTO loyalty_reporting_erasure_secret SELECT %s"
            " WHERE NOT EXISTS (SELECT FROM loyalty_reporting_erasure_secret)",
            [self._of(_FIXED)],
        )

    def replace(self, cr, source):
        """Replace the identifiers of who was merged or erased in a load's staging tables.

        :raise ConfigurationError: the erased cannot be recognised
        """
        for table, column in STAGED[CUSTOMER]:
            cr.execute(_ALIASES.format(table=table, column=column), [source])
        cr.execute(
            "SELECT EXISTS (SELECT FROM loyalty_reporting_erased WHERE source = %s)",
            [source],
        )
        if not cr.fetchone()[0]:
            return
        self.check(cr)
        for kind, columns in STAGED.items():
            _replace_columns(
                cr, columns, self._known(cr, source, kind, _ids(cr, columns))
            )

        def pseudonym_of(kind, number):
            return self._known(cr, source, kind, [number]).get(number)

        for table in _RAW:
            _replace_texts(cr, table, pseudonym_of)

    def _known(self, cr, source, kind, numbers):
        """Return {identifier: pseudonym} of those that were erased."""
        digests = {self.digest(source, kind, number): number for number in numbers}
        cr.execute(
            "SELECT digest, pseudonym FROM loyalty_reporting_erased"
            " WHERE digest = ANY(%s)",
            [[*digests]],
        )
        return {
            digests[bytes(digest)]: pseudonym for digest, pseudonym in cr.fetchall()
        }

    def _of(self, text):
        return hmac.digest(self._secret, text.encode(), "sha256")


def scrubbed(text, pseudonym_of, *, is_whole=False):
    """Return a row as it came, with pseudonyms for identifiers that were erased.

    Where nothing says which of its numbers are identifiers, all that may be are replaced.

    :param pseudonym_of: function of (kind, number) → pseudonym, or None
    :param is_whole: all identifiers in it have names: no other number is one
    """

    def of_number(match):
        found = (pseudonym_of(kind, int(match[0])) for kind in (CUSTOMER, CARD))
        return str(next(filter(None, found), match[0]))

    def of_member(match):
        pseudonym = pseudonym_of(_KINDS[match[2]], int(match[3]))
        return match[1] + str(pseudonym or match[3])

    if is_whole or _KEYED.search(text):
        return _KEYED.sub(of_member, text)
    return _NUMBER.sub(of_number, text)


def _ids(cr, columns):
    union = " UNION ".join(f"SELECT {column} FROM {table}" for table, column in columns)
    cr.execute(f"SELECT id FROM ({union}) staged (id) WHERE id > 0")
    return [number for (number,) in cr.fetchall()]


def _replace_columns(cr, columns, known):
    for table, column in columns if known else ():
        cr.execute(
            f"UPDATE {table} s SET {column} = e.pseudonym"
            " FROM unnest(%s::bigint[], %s::bigint[]) e (erased, pseudonym)"
            f" WHERE s.{column} = e.erased",
            [[*known], [*known.values()]],
        )


def _replace_texts(cr, table, pseudonym_of):
    cr.execute(f"SELECT ctid, raw FROM {table}")
    for place, raw in cr.fetchall():
        if raw and (new := scrubbed(raw, pseudonym_of)) != raw:
            cr.execute(f"UPDATE {table} SET raw = %s WHERE ctid = %s", [new, place])
