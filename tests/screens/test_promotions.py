"""The pivot of promotions, as a loyalty manager opens it."""

from decimal import Decimal

from oracle import promotion_performance


def test_the_pivots_total_equals_the_oracle(screen):
    screen.go("promotion-performance")
    total = screen.page.locator(".o_pivot tbody tr").first
    total.wait_for()
    shown = total.locator("td").all_inner_texts()
    [expected] = promotion_performance.performance(group=()).to_dict("records")
    screen.picture("promotion_pivot")
    assert _number(shown[0]) == expected["total_transactions"]
    assert _number(shown[1]) == expected["unique_customers"]
    assert _number(shown[2]) == expected["total_amount"]


def _number(text):
    return Decimal("".join(c for c in text if c.isdigit() or c in ".-"))
