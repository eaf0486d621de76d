"""From stored sums to the values of measures: exact, rounded once."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from .base import Additivity, Kind, Unit


def value_of(measure, query, raw):
    """Return a measure's value.

    :param raw: stored column → whole number, or exact decimal as text
    :return: int for counts; Decimal for money (the currency's digits), quantities and
        points; float for ratios (the double nearest to the exact ratio); None for a
        ratio without denominator that may be null
    """
    if measure.additivity is Additivity.RATIO:
        return _ratio(measure, query, raw)
    value = raw[measure.of]
    return value if measure.unit is Unit.COUNT else _written(value, measure, query)


def shower(column):
    """Return the function from a stored value of a listing's column to the one shown.

    :return: None where a value is shown as it is stored
    """
    return {Kind.POINTS: _points, Kind.INSTANT: _instant}.get(column.kind)


# A ledger has millions of rows, and few different amounts.
@lru_cache(maxsize=10_000)
def _points(text):
    return None if text is None else plain(Decimal(text), at_least=2)


def _instant(value):
    """Return an instant to the microsecond, where it has any."""
    return None if value is None else f"{value.isoformat()}Z"


def _ratio(measure, query, raw):
    report = query.report
    below = sum(Fraction(raw[report.measure(d).of]) for d in measure.denominator)
    above = Fraction(raw[report.measure(measure.numerator).of])
    if not below:
        if not measure.required:
            return None
        above, below = Fraction(0), Fraction(1)
    exact = above / below
    if measure.unit is Unit.RATIO:
        return float(exact)
    return _round(exact, query.company.digits)


def _written(text, measure, query):
    value = Decimal(text)
    if measure.unit is Unit.MONEY:
        return _round(Fraction(value), query.company.digits)
    return plain(value, at_least=2 if measure.unit is Unit.POINTS else 0)


def _round(exact, digits):
    """Round half up (away from zero), as accountants do."""
    scaled = abs(exact) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if exact >= 0 else -whole).scaleb(-digits)


def plain(value, at_least):
    """Return a decimal without superfluous zeros, but with some decimals."""
    digits = max(-value.normalize().as_tuple().exponent, at_least)
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
