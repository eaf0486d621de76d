"""Questions about a customer's standing, its document, and the reward to suggest."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from core.api.rpc import asked
from core.errors import BadQuery
from core.standing.document import money, points
from core.standing.question import Question, parse
from core.standing.records import Card, Points, Progress, Standing
from core.standing.rewards import Offer, suggested

NONE = Decimal()


@pytest.mark.parametrize(
    ("text", "instant", "day"),
    [
        (None, None, None),
        ("2024-01-31", None, date(2024, 1, 31)),
        ("2024-01-31T10:30:00Z", datetime(2024, 1, 31, 10, 30), None),
        ("2024-01-31T10:30:00", datetime(2024, 1, 31, 10, 30), None),
        ("2024-01-31T10:30:00.5+05:30", datetime(2024, 1, 31, 5, 0, 0, 500000), None),
    ],
)
def test_an_instant_is_utc_and_a_day_is_a_day(text, instant, day):
    expected = Question("partner_id", 7, None, instant, day)
    assert parse({"partner_id": 7, "as_of": text}) == expected


@pytest.mark.parametrize(
    "value", [0.0, float("nan"), [], {}, True, "", "1.0", "٣", 2**63]
)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(BadQuery) as refused:
        parse({"odoo_partner_id": value})
    assert refused.value.parameter == "odoo_partner_id"
    assert len(str(refused.value)) < 200


def test_values_that_are_null_were_not_given():
    given = {"odoo_partner_id": None, "partner_id": "5", "company_id": None}
    assert parse(given) == Question("partner_id", 5)


def test_money_is_rounded_half_up_and_points_keep_their_digits():
    assert str(money(Decimal("0.0050"), 2)) == "0.01"
    assert str(money(Decimal("-0.0050"), 2)) == "-0.01"
    assert str(money(Decimal("5E+2"), 0)) == "500"
    wide = Decimal("123456789012345678901234.5650")
    assert str(money(wide, 2)) == "123456789012345678901234.57"
    assert str(points(Decimal("1237.0000"))) == "1237.00"
    assert str(points(Decimal("0.1250"))) == "0.125"
    assert str(points(Decimal("1E+3"))) == "1000.00"


def standing(**cards):
    """A standing with cards of these balances, numbered from 1, all of program 9."""
    found = tuple(
        Card(number, None, None, name != "closed", Decimal(balance), None, None)
        for number, (name, balance) in enumerate(cards.items(), 1)
    )
    return Standing(
        partner_ids=(),
        points=Points(NONE, NONE, NONE, ()),
        cards=found,
        membership=None,
        progress=Progress(90, NONE, None, None, None, None),
        redemptions=(),
        spend={},
        first_order=None,
        last_order=None,
        programs={card.card_id: 9 for card in found},
    )


@pytest.mark.parametrize(
    ("cards", "card", "reward", "missing"),
    [
        ({"one": "250"}, 1, 200, "0"),
        ({"one": "200"}, 1, 200, "0"),
        ({"one": "99.5"}, 1, 100, "0.5"),
        ({"one": "10", "two": "60"}, 2, 100, "40"),
        ({"one": "150", "two": "90"}, 1, 100, "0"),
        ({"closed": "500", "two": "90"}, 2, 100, "10"),
    ],
)
def test_the_reward_is_the_dearest_reached_else_the_nearest(
    cards, card, reward, missing
):
    offers = [Offer(9, n, str(n), Decimal(n)) for n in (300, 100, 200)]
    offers.append(Offer(8, 1, "of another program", Decimal(1)))
    found = suggested(standing(**cards), offers)
    assert (found.card_id, found.reward_id) == (card, reward)
    assert found.points_missing == Decimal(missing)


def test_without_rewards_none_is_suggested():
    assert suggested(standing(one="5"), []) is None


def test_parameters_of_a_report_become_texts():
    parameters = {"page": 2, "program_id": [1, "2"], "totals": True, "store_id": None}
    assert asked({"report": "a/b", "parameters": parameters}) == (
        "a/b",
        {"page": ["2"], "program_id": ["1", "2"], "totals": ["true"]},
    )


def test_a_number_of_thousands_of_digits_is_refused():
    with pytest.raises(BadQuery):
        asked({"report": "a/b", "parameters": {"page": 10**5000}})
