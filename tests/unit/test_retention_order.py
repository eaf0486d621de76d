"""Detail is kept no longer than aggregates, and these no longer than the archive."""

import pytest

from core.retention.policy import Policy, Tier, disorder

DETAIL, AGGREGATE, ARCHIVE = Tier


def policies(*days, company_id=None):
    """Policies of detail, aggregates and archive; None: without one."""
    return [
        Policy(tier, kept, company_id)
        for tier, kept in zip(Tier, days, strict=True)
        if kept
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((90, 730, 1826), None),
        ((90, 90, 90), None),
        ((90, None, 1826), None),
        ((90, None, None), None),
        ((None, None, 1826), None),
        ((91, 90, None), (DETAIL, AGGREGATE)),
        ((90, 730, 729), (AGGREGATE, ARCHIVE)),
        ((90, None, 89), (DETAIL, ARCHIVE)),
        ((None, 730, 1826), (DETAIL, AGGREGATE)),
    ],
)
def test_tiers_go_in_their_order(days, expected):
    assert disorder(policies(*days)) == expected


def test_the_policy_of_a_company_stands_beside_those_of_all():
    general = policies(90, 730, 1826)

    assert disorder([*general, *policies(365, None, None, company_id=1)]) is None
    assert disorder([*general, *policies(800, None, None, company_id=1)]) == (
        DETAIL,
        AGGREGATE,
    )
    assert disorder([*general, *policies(800, 800, None, company_id=1)]) is None
