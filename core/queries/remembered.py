"""An answer as it is kept in a cache: rows as JSON text, read when they are wanted."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

import simplejson

from .base import Kind, Measure, Unit
from .query import Answer

_MAKE = {
    Unit.RATIO: float,
    **dict.fromkeys((Unit.MONEY, Unit.POINTS, Unit.QUANTITY), Decimal),
    **dict.fromkeys((Kind.MONEY, Kind.POINTS), Decimal),
}


class Rows(Sequence):
    """Rows of an answer that know their own JSON.

    :param text: a JSON array; decimals are numbers with all their digits
    :param query: whose columns say what is a decimal and what a double
    :param count: of the rows
    """

    def __init__(self, text, query, count):
        self.text = text
        self._query, self._count = query, count

    @cached_property
    def _rows(self):
        return _read(self.text, self._query)

    def __getitem__(self, place):
        return self._rows[place]

    def __len__(self):
        return self._count

    def __eq__(self, other):
        return self._rows == other

    __hash__ = None

    def __repr__(self):
        return repr(self._rows)


def kept(answer):
    """Return what of an answer does not change until the data does, as a text."""
    about = [
        answer.total, answer.tier, answer.store, len(answer.rows),
        dump(answer.totals), answer.next_cursor,
    ]  # fmt: skip
    return f"{dump(about)}\n{dump(answer.rows)}"


def load(text, query):
    """Return the :class:`Answer` of a text that :func:`kept` made.

    :raise ValueError: it is no such text
    """
    about, _line, rows = text.partition("\n")
    total, tier, store, count, totals, goes_on = simplejson.loads(about)
    totals = _read(f"[{totals}]", query)[0] if totals != "null" else None
    found = Rows(rows, query, count)
    return Answer(found, total, tier, store, totals=totals, next_cursor=goes_on)


def dump(value):
    """Return JSON; decimals are numbers with all their digits."""
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=False)


def _read(text, query):
    rows = simplejson.loads(text, use_decimal=True)
    # A decimal without decimals is written as a whole number is.
    made = {c.name: _MAKE[u] for c in query.columns if (u := _unit(c)) in _MAKE}
    for row in rows:
        for name in made.keys() & row.keys():
            if row[name] is not None:
                row[name] = made[name](row[name])
    return rows


def _unit(column):
    return column.unit if isinstance(column, Measure) else column.kind
