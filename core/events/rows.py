"""Rows of typed structs as PostgreSQL's COPY text, in the order of the contract."""

import re
from decimal import Decimal
from operator import itemgetter

from msgspec import to_builtins

from ..sources import contract
from ..stores.copying import NULL, written
from .rejects import Refused

# What a row's numbers look like when nothing is odd about them. NaN, Infinity and
# exponents have other letters.
_is_plain = re.compile(r"[-.0-9None\t]{0,200}").fullmatch
_DIGITS = 100


class Table:
    """How the rows of a table are written.

    :ivar stage: the staging table that takes them
    """

    def __init__(self, name):
        self.name, self.stage = name, contract.STAGES[name]
        kinds = {
            column: kind
            for column, kind in contract.TABLES[name].items()
            if kind != contract.XID
        }
        self._line = "\t".join(["%s"] * len(kinds)) + "\n"
        self.numbers = [c for c, kind in kinds.items() if kind == contract.NUMBER]
        self._numbers = itemgetter(*self.numbers) if self.numbers else None
        self._pattern = "\t".join(["%s"] * len(self.numbers))

    def text(self, row, escape):
        """Return a row as a line of COPY text.

        :param row: column → value, with numbers and instants as text already
        :param escape: some text in it may need escapes
        :raise Refused: a number that PostgreSQL cannot hold
        """
        if self._numbers and not _is_plain(self._pattern % self._numbers(row)):
            self._check(row)
        if escape:
            return self._line % tuple([written(v) for v in row.values()])
        return self._line % tuple([NULL if v is None else v for v in row.values()])

    def _check(self, row):
        for name in self.numbers:
            if row[name] is not None and not _is_usable(Decimal(row[name])):
                raise Refused(
                    f"{self.name}.{name} is no usable number: {row[name]:.60}"
                )


def builtins(struct):
    """Return a struct as nested dictionaries, numbers and instants as text."""
    return to_builtins(struct)


def _is_usable(number):
    if not number.is_finite():
        return False
    _sign, digits, exponent = number.as_tuple()
    return len(digits) <= _DIGITS and abs(exponent) <= _DIGITS
