"""Exact comparison of two results, and faults to see a comparison fail."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd

DAY_KEYS = frozenset({"date", "report_date"})
INSTANT_KEYS = frozenset({"hour", "ordered_at", "transaction_date"})
ABSENT = "no row"
PRESENT = "a row"
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Mismatch:
    """One difference: the row's key, the measure, both values."""

    key: tuple
    measure: str
    expected: object
    actual: object

    def __str__(self):
        return f"{self.key} {self.measure}: expected {self.expected}, got {self.actual}"


def assert_same(expected, actual, keys, measures, *, digits=None, shown=10):  # noqa: PLR0913
    """AssertionError unless both hold the same rows with exactly the same measures.

    expected, actual: DataFrame or list of dicts, in any order; two rows of one key are
    an error, and so are empty expectations (nothing would be compared).
    keys: columns that identify a row; dates, timestamps and ISO text are one.
    digits: {measure: n} rounds the *expected* value half up to n decimals, for measures
    that are delivered rounded. There is no tolerance: a Decimal, integer or numeric
    text must be equal, a float must be the double nearest to the expected value.
    """
    assert len(expected), "the expectation is empty: nothing would be compared"
    found = differences(expected, actual, keys, measures, digits=digits)
    if found:
        lines = [f"{len(found)} differences; keys {tuple(keys)}", *found[:shown]]
        raise AssertionError("\n  ".join(map(str, lines)))


def differences(expected, actual, keys, measures, *, digits=None):
    """Every `Mismatch` between two results; arguments as in `assert_same`."""
    digits = digits or {}
    wanted, given = _by_key(expected, keys, measures), _by_key(actual, keys, measures)
    found = []
    for key, row in wanted.items():
        if key not in given:
            found.append(Mismatch(key, "row", PRESENT, ABSENT))
            continue
        for name in measures:
            value = rounded(row[name], digits.get(name))
            if not same(value, given[key][name]):
                found.append(Mismatch(key, name, value, given[key][name]))
    extra = [key for key in given if key not in wanted]
    return found + [Mismatch(key, "row", ABSENT, PRESENT) for key in extra]


def _by_key(rows, keys, measures):
    """{key: row}; AssertionError when two rows have one key."""
    result = {}
    for row in _dicts(rows, [*keys, *measures]):
        key = tuple(plain_key(name, row[name]) for name in keys)
        assert key not in result, f"two rows have the key {key}"
        result[key] = row
    return result


def _dicts(rows, columns):
    if isinstance(rows, pd.DataFrame):
        values = zip(*(rows[name].tolist() for name in columns), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in values]
    return rows


def plain_key(name, value):
    """A key's value in one form: ISO day, ISO instant in UTC, else as it is."""
    if name in DAY_KEYS:
        return _moment(value).date().isoformat()
    if name in INSTANT_KEYS:
        return _moment(value).isoformat()
    return value


def _moment(value):
    """A naive UTC datetime of a date, datetime, timestamp or ISO text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def rounded(value, digits):
    """The exact value rounded half up to some decimals (None: as it is)."""
    if digits is None or missing(value):
        return value
    scaled = exact(value) * 10**digits
    size = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(size if scaled >= 0 else -size).scaleb(-digits)


def same(expected, actual):
    """Equality without tolerance, over the number types that surfaces deliver."""
    if type(expected) is type(actual) and expected == actual:  # the fast way
        return True
    if missing(expected) or missing(actual):
        return missing(expected) and missing(actual)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    try:
        if isinstance(actual, float):
            return float(exact(expected)) == actual
        return exact(expected) == exact(actual)
    except (TypeError, ValueError, OverflowError):  # not a number, or an infinite one
        return expected == actual


def missing(value):
    """None, NaN or NA."""
    return value is None or bool(pd.isna(value))


def exact(value):
    """The number as a Fraction; numeric text counts as the number it spells."""
    return Fraction(value.item() if isinstance(value, np.generic) else value)


def plant_cent(rows, measure, row=0):
    """A copy of the result in which one row's money is one cent too high."""
    return _planted(rows, measure, row, CENT)


def plant_customer(rows, measure="unique_customers", row=0):
    """A copy of the result in which one row counts one customer too many."""
    return _planted(rows, measure, row, 1)


def _planted(rows, measure, row, extra):
    if isinstance(rows, pd.DataFrame):
        values = rows[measure].tolist()
        values[row] = _more(values[row], extra)
        return rows.assign(**{measure: pd.array(values, dtype="object")})
    copies = [dict(each) for each in rows]
    copies[row][measure] = _more(copies[row][measure], extra)
    return copies


def _more(value, extra):
    """value + extra in the type of the value, computed in decimals."""
    if isinstance(value, int) and isinstance(extra, int):
        return value + extra
    total = Decimal(str(value)) + extra
    return type(value)(str(total)) if isinstance(value, str | float) else total
