"""From stored sums to values: exact, and rounded once, half up."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.queries.base import Additivity, Unit
from core.queries.measures import plain, value_of
from core.queries.promotion_performance import REPORT

QUARTERS = st.integers(-(10**26), 10**26).map(lambda n: Decimal(n).scaleb(-4))
COUNTS = st.integers(0, 10**12)
DIGITS = st.integers(0, 4)


def value(name, digits=2, **raw):
    query = SimpleNamespace(report=REPORT, company=SimpleNamespace(digits=digits))
    texts = {k: v if isinstance(v, int) else str(v) for k, v in raw.items()}
    return value_of(REPORT.measure(name), query, texts)


def half_up(number, digits):
    with localcontext() as context:
        context.prec = 60
        return number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


@given(QUARTERS, DIGITS)
def test_money_is_rounded_half_up_to_the_currencys_digits(amount, digits):
    found = value("total_amount", digits, total_amount=amount)
    assert found == half_up(amount, digits)
    assert -found.as_tuple().exponent == digits


@pytest.mark.parametrize(
    ("text", "digits", "expected"),
    [
        ("0.0050", 2, "0.01"),
        ("-0.0050", 2, "-0.01"),
        ("0.0049", 2, "0.00"),
        ("2.5000", 0, "3"),
        ("-2.5000", 0, "-3"),
        ("0.1250", 2, "0.13"),
        ("99999999999999.9999", 2, "100000000000000.00"),
        ("0E-4", 2, "0.00"),
        ("12", 3, "12.000"),
    ],
)
def test_halves_go_away_from_zero(text, digits, expected):
    assert str(value("total_amount", digits, total_amount=text)) == expected


@given(QUARTERS, COUNTS, DIGITS)
def test_an_average_is_the_exact_ratio_rounded_once(amount, count, digits):
    found = value(
        "avg_transaction_value", digits, total_amount=amount, total_transactions=count
    )
    exact = Fraction(amount) / count if count else Fraction(0)
    assert abs(Fraction(found) - exact) * 2 * 10**digits <= 1
    assert -found.as_tuple().exponent == digits


@given(COUNTS, COUNTS)
def test_a_rate_is_the_double_nearest_to_the_ratio(applied, eligible):
    found = value(
        "conversion_rate", applied_transactions=applied, eligible_transactions=eligible
    )
    assert found == (float(Fraction(applied, eligible)) if eligible else 0.0)
    assert isinstance(found, float)


@given(QUARTERS, QUARTERS)
def test_a_depth_is_over_what_it_would_have_cost(amount, discount):
    found = value("discount_depth", total_amount=amount, total_discount=discount)
    whole = Fraction(amount) + Fraction(discount)
    assert found == (float(Fraction(discount) / whole) if whole else None)


def test_a_ratio_without_denominator_is_nothing_or_zero_where_it_must_be_a_number():
    zero = {"total_amount": "0.0000", "total_discount": "0.0000"}
    assert value("discount_depth", **zero) is None
    average = value("avg_transaction_value", total_amount="5", total_transactions=0)
    assert str(average) == "0.00"
    rate = value("conversion_rate", applied_transactions=0, eligible_transactions=0)
    assert rate == 0


@given(QUARTERS, st.integers(0, 2))
def test_other_decimals_lose_only_zeros(number, at_least):
    found = plain(number, at_least)
    assert found == number
    digits = -found.as_tuple().exponent
    assert digits >= at_least
    assert digits == at_least or found.as_tuple().digits[-1] != 0


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("total_qty", "0.0000", "0"),
        ("total_qty", "1200.0000", "1200"),
        ("total_qty", "-0.5000", "-0.5"),
        ("total_qty", "0.0001", "0.0001"),
        ("points_earned", "100.0000", "100.00"),
        ("points_earned", "0.1250", "0.125"),
    ],
)
def test_quantities_and_points_are_written_plainly(name, text, expected):
    assert str(value(name, **{name: text})) == expected


@pytest.mark.parametrize("measure", REPORT.measures, ids=lambda m: m.name)
def test_every_measure_says_what_it_is_and_can_be_computed(measure):
    assert measure.label
    assert measure.definition.endswith(".")
    zeros = dict.fromkeys([m.of for m in REPORT.measures if m.of], 0)
    found = value(measure.name, **zeros)
    if measure.unit is Unit.COUNT:
        assert found == 0
    if measure.additivity is Additivity.RATIO:
        assert REPORT.measure(measure.numerator).of
        assert all(REPORT.measure(name).of for name in measure.denominator)
        assert (found is None) is not measure.required
