"""From stored sums to the values of measures: exact, rounded once."""

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from operator import itemgetter

from .base import Additivity, Kind, Unit

# More digits than any sum has.
_WIDE = Context(prec=200)


def value_of(measure, query, raw):
    """Return a measure's value, of one row; see :func:`valuer`."""
    return valuer(measure, query)(raw)


def valuer(measure, query):
    """Return the function from a raw row to a measure's value.

    A raw row is a dict: stored column → whole number, or exact decimal as text. The value
    is an int for counts; a Decimal for money (the currency's digits), quantities and
    points; a float for ratios (the double nearest to the exact ratio); None for a ratio
    without denominator that may be null.
    """
    if measure.additivity is Additivity.RATIO:
        return lambda raw: _ratio(measure, query, raw)
    name = measure.of
    if measure.unit is Unit.COUNT:
        return itemgetter(name)
    if measure.unit is Unit.MONEY:
        step = Decimal(1).scaleb(-query.company.digits)
        return lambda raw: _rounded(Decimal(raw[name]), step)
    at_least = 2 if measure.unit is Unit.POINTS else 0
    return lambda raw: _plain(raw[name], at_least)


def shower(column):
    """Return the function from a stored value of a listing's column to the one shown.

    :return: None where a value is shown as it is stored
    """
    return {Kind.POINTS: _points, Kind.INSTANT: _instant}.get(column.kind)


def _points(text):
    return None if text is None else _plain(text, 2)


# There are millions of rows, and few different amounts.
@lru_cache(maxsize=10_000)
def _plain(text, at_least):
    return plain(Decimal(text), at_least)


def _instant(value):
    """Return an instant to the microsecond, where it has any."""
    return None if value is None else f"{value.isoformat()}Z"


def _ratio(measure, query, raw):
    report = query.report
    below = sum(_exact(raw[report.measure(d).of]) for d in measure.denominator)
    above = _exact(raw[report.measure(measure.numerator).of])
    if not below:
        if not measure.required:
            return None
        above, below = Fraction(0), Fraction(1)
    exact = above / below
    if measure.unit is Unit.RATIO:
        return float(exact)
    return _round(exact, query.company.digits)


def _exact(stored):
    """Return a stored value as a fraction; by way of a decimal it is read faster."""
    return Fraction(Decimal(stored))


def _rounded(value, step):
    """Round a decimal half up (away from zero); the same as :func:`_round`, faster."""
    return value.quantize(step, ROUND_HALF_UP, _WIDE)


def _round(exact, digits):
    """Round half up (away from zero), as accountants do."""
    scaled = abs(exact) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if exact >= 0 else -whole).scaleb(-digits)


def plain(value, at_least):
    """Return a decimal without superfluous zeros, but with some decimals."""
    digits = max(-value.normalize().as_tuple().exponent, at_least)
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
