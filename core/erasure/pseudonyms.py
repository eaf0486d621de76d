"""Whom loads must not bring back: staged identifiers that were erased are replaced."""

import hmac
import re
from collections import defaultdict

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
        """Replace erased identifiers in the staging tables of a load.

        :raise ConfigurationError: they cannot be recognised
        """
        cr.execute(
            "SELECT kind, digest, pseudonym FROM loyalty_reporting_erased"
            " WHERE source = %s",
            [source],
        )
        erased = defaultdict(dict)
        for kind, digest, pseudonym in cr.fetchall():
            erased[kind][bytes(digest)] = pseudonym
        if not erased:
            return
        self.check(cr)

        def pseudonym_of(kind, number):
            return erased[kind].get(self.digest(source, kind, number))

        for kind, columns in STAGED.items():
            _replace_columns(cr, columns, lambda n, kind=kind: pseudonym_of(kind, n))
        for table in _RAW:
            _replace_texts(cr, table, pseudonym_of)

    def _of(self, text):
        return hmac.digest(self._secret, text.encode(), "sha256")


def scrubbed(text, pseudonym_of):
    """Return a row as it came, with pseudonyms for identifiers that were erased.

    Where nothing says which of its numbers are identifiers, all that may be are replaced.

    :param pseudonym_of: function of (kind, number) → pseudonym, or None
    """

    def of_number(match):
        found = (pseudonym_of(kind, int(match[0])) for kind in (CUSTOMER, CARD))
        return str(next(filter(None, found), match[0]))

    def of_member(match):
        pseudonym = pseudonym_of(_KINDS[match[2]], int(match[3]))
        return match[1] + str(pseudonym or match[3])

    if _KEYED.search(text):
        return _KEYED.sub(of_member, text)
    return _NUMBER.sub(of_number, text)


def _replace_columns(cr, columns, pseudonym_of):
    union = " UNION ".join(f"SELECT {column} FROM {table}" for table, column in columns)
    cr.execute(f"SELECT id FROM ({union}) staged (id) WHERE id > 0")
    found = {n: p for (n,) in cr.fetchall() if (p := pseudonym_of(n)) is not None}
    for table, column in columns if found else ():
        cr.execute(
            f"UPDATE {table} s SET {column} = e.pseudonym"
            " FROM unnest(%s::bigint[], %s::bigint[]) e (erased, pseudonym)"
            f" WHERE s.{column} = e.erased",
            [[*found], [*found.values()]],
        )


def _replace_texts(cr, table, pseudonym_of):
    cr.execute(f"SELECT ctid, raw FROM {table}")
    for place, raw in cr.fetchall():
        if raw and (new := scrubbed(raw, pseudonym_of)) != raw:
            cr.execute(f"UPDATE {table} SET raw = %s WHERE ctid = %s", [new, place])
