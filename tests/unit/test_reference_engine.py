"""The rules of the reference engine, on baskets small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest

from dev.reference_engine.customer_tables import (
    membership_events,
    point_cards,
    point_transactions,
    visits_by_household,
)
from dev.reference_engine.dataset import DAY, Dataset, business_day, to_cents
from dev.reference_engine.membership import level_changes
from dev.reference_engine.points import END_OF_HISTORY, LIFETIME, Visit, play_card
from dev.reference_engine.promotions import attribute_coupons, evaluate
from dev.reference_engine.tables import history_tables

START = 1_483_300_800  # 2017-01-01T20:00:00Z


def visit(days, dollars, basket_id=None):
    """A basket some days after START."""
    instant = START + round(days * DAY)
    return Visit(instant, basket_id or 100 + round(days), round(dollars * 100))


def ledger(*visits):
    """(type, points, balance) of each booking of a card up to its last visit."""
    return [
        (b.transaction_type, b.points_amount, b.balance_after)
        for b in play_card(7, visits, until=visits[-1].instant)
    ]


def levels(*visits):
    """(event, level) of each event of a customer."""
    return [(e.event_type, e.to_level) for e in level_changes(7, visits)]


class TestUnits:
    def test_floats_become_the_cents_they_stand_for(self):
        amounts = pd.Series([0.29, 1.15, 840.0, 1.1102230246251565e-16])
        assert to_cents(amounts).tolist() == [29, 115, 84_000, 0]

    def test_a_fraction_of_a_cent_is_refused(self):
        with pytest.raises(ValueError, match="whole number of cents"):
            to_cents(pd.Series([0.285], name="sales_value"))

    def test_the_business_day_is_cut_in_new_york_across_daylight_saving(self):
        instants = pd.Series(
            pd.to_datetime(
                [
                    "2017-01-02 04:59:59",
                    "2017-01-02 05:00:00",
                    "2017-07-02 03:59:59",
                    "2017-07-02 04:00:00",
                ]
            )
        )
        days = business_day(instants).astype("datetime64[D]").astype(str)
        expected = ["2017-01-01", "2017-01-02", "2017-07-01", "2017-07-02"]
        assert days.tolist() == expected


class TestPoints:
    def test_points_are_the_floor_of_the_total_and_zero_is_not_booked(self):
        assert ledger(visit(0, 19.99), visit(1, 0.99)) == [("earn", 19, 19)]

    def test_500_are_redeemed_before_earning_once_the_balance_is_1000(self):
        assert ledger(visit(0, 999), visit(1, 1), visit(2, 5), visit(3, 5)) == [
            ("earn", 999, 999),
            ("earn", 1, 1000),
            ("redeem", 500, 500),
            ("earn", 5, 505),
            ("earn", 5, 510),
        ]

    def test_a_basket_without_points_still_redeems(self):
        assert ledger(visit(0, 1000), visit(1, 0))[1] == ("redeem", 500, 500)

    def test_what_redemption_left_of_the_oldest_lot_expires_180_days_after_it(self):
        bookings = play_card(7, [visit(0, 600), visit(1, 400), visit(2, 1)])
        expiries = [b for b in bookings if b.transaction_type == "expire"]
        assert [(b.points_amount, b.balance_after) for b in expiries] == [
            (100, 401),
            (400, 1),
            (1, 0),
        ]
        assert expiries[0].occurred_at == START + 180 * DAY
        assert (expiries[0].origin, expiries[0].order_id) == (100, None)

    def test_points_due_at_the_instant_of_a_basket_expire_before_it_redeems(self):
        late = ledger(visit(0, 1000), visit(180, 1))
        assert late[:3] == [("earn", 1000, 1000), ("expire", 1000, 0), ("earn", 1, 1)]
        assert ledger(visit(0, 1000), visit(179, 1))[1] == ("redeem", 500, 500)

    @pytest.mark.parametrize(("after_the_end", "rows"), [(0, 2), (1, 1)])
    def test_expiries_are_booked_up_to_the_end_of_history(self, after_the_end, rows):
        earned_at = END_OF_HISTORY - LIFETIME + after_the_end
        assert len(play_card(7, [Visit(earned_at, 1, 500)])) == rows

    def test_seq_follows_the_order_of_the_instants(self):
        bookings = play_card(7, [visit(n * 10, 300, n + 1) for n in range(30)])
        assert [b.seq for b in bookings] == list(range(1, len(bookings) + 1))
        assert bookings == sorted(bookings, key=lambda b: (b.occurred_at, b.seq))


class TestMembership:
    def test_the_first_basket_joins_at_the_level_it_reaches(self):
        assert levels(visit(0, 299.99)) == [("join", 1)]
        assert levels(visit(0, 300)) == [("join", 2)]
        assert levels(visit(0, 1000)) == [("join", 3)]

    def test_levels_change_both_ways_and_only_changes_are_events(self):
        visits = [visit(0, 200), visit(1, 100), visit(2, 1), visit(200, 5)]
        assert levels(*visits) == [("join", 1), ("upgrade", 2), ("downgrade", 1)]

    def test_a_level_may_be_skipped(self):
        change = level_changes(7, [visit(0, 1), visit(1, 1000)])[1]
        assert (change.from_level, change.to_level) == (1, 3)

    def test_a_basket_exactly_90_days_old_no_longer_counts(self):
        assert levels(visit(0, 250), visit(90, 50)) == [("join", 1)]
        inside = visit(90 - 1 / DAY, 50)
        assert levels(visit(0, 250), inside) == [("join", 1), ("upgrade", 2)]


class TestCoupons:
    coupons = pd.DataFrame(
        [(11, 8, 500), (11, 8, 501), (12, 13, 500)],
        columns=["coupon_upc", "campaign_id", "product_id"],
    )

    def program(self, redemptions, product=500, day=3, household=1, cents=100):
        lines = pd.DataFrame(
            {
                "household_id": [9, household],
                "day": [3, day],
                "product_id": [500, product],
                "coupon_disc": [0, cents],
            }
        )
        columns = ["household_id", "coupon_upc", "campaign_id", "day"]
        frame = pd.DataFrame(redemptions, columns=columns)
        return attribute_coupons(lines, frame, self.coupons).to_dict()

    def test_the_campaign_of_a_coupon_redeemed_that_day_for_that_product(self):
        assert self.program([(1, 12, 13, 3)]) == {1: 13}

    def test_the_lowest_of_several_campaigns(self):
        assert self.program([(1, 12, 13, 3), (1, 11, 8, 3)]) == {1: 8}

    @pytest.mark.parametrize(
        "other", [{"product": 999}, {"day": 4}, {"household": 2}, {"product": 501}]
    )
    def test_otherwise_it_is_unattributed(self, other):
        assert self.program([(1, 12, 13, 3)], **other) == {1: 1003}

    def test_a_line_without_coupon_discount_has_no_program(self):
        assert self.program([(1, 12, 13, 3)], cents=0) == {}


class TestEvaluations:
    baskets = pd.DataFrame(
        {"household_id": [1, 1, 1, 1, 2], "day": [9, 10, 20, 21, 15]}
    )
    campaigns = pd.DataFrame({"campaign_id": [5], "start_day": [10], "end_day": [20]})
    targets = pd.DataFrame({"campaign_id": [5], "household_id": [1]})

    def outcomes(self, attributed=()):
        pairs = pd.DataFrame(attributed, columns=["order_no", "program_id"], dtype=int)
        found = evaluate(self.baskets, self.campaigns, self.targets, pairs)
        return list(found.itertuples(index=False, name=None))

    def test_baskets_of_targeted_households_inside_the_inclusive_window(self):
        assert self.outcomes() == [(1, 5, "eligible"), (2, 5, "eligible")]

    def test_an_attributed_line_makes_it_applied_once(self):
        found = self.outcomes([(2, 5), (2, 5)])
        assert found == [(1, 5, "eligible"), (2, 5, "applied")]

    def test_an_attributed_line_outside_the_window_is_applied_too(self):
        found = self.outcomes([(3, 5), (4, 5)])
        assert found[2:] == [(3, 5, "applied"), (4, 5, "applied")]


@pytest.fixture(scope="module")
def tables():
    return history_tables(small_dataset())


class TestTables:
    def test_lines_are_numbered_by_time_basket_and_program(self, tables):
        lines = tables["order_promotion_line"]
        columns = ["id", "order_id", "line_no", "program_id", "discount"]
        assert list(lines[columns].itertuples(index=False, name=None)) == [
            (1, "70", 1, 1001, 30),
            (2, "70", 2, 1002, 0),
            (3, "70", 3, 1003, 50),
            (4, "71", 1, 1002, 0),
        ]

    def test_the_points_row_carries_the_whole_basket(self, tables):
        row = tables["order_promotion_line"].iloc[1]
        assert (row.qty, row.amount, row.points_earned) == (3, 120_050, 1_200)
        assert row.product_id is pd.NA
        redeemed = tables["order_promotion_line"]["points_redeemed"]
        assert redeemed.tolist() == [0, 0, 0, 500]

    def test_only_the_first_basket_in_playing_order_is_the_first_order(self, tables):
        orders = tables["processed_order"]
        assert orders["id"].tolist() == ["70", "71"]
        assert orders["is_first_order"].tolist() == [True, False]

    def test_baskets_at_one_instant_are_played_by_basket_id(self):
        baskets = pd.DataFrame(
            {
                "household_id": 1,
                "ordered_at": START,
                "basket_id": [72, 71],
                "total": [100_000, 20_000],
            }
        )
        visits = visits_by_household(baskets)
        events = membership_events(visits)
        assert events["order_id"].tolist() == ["71", "72"]
        assert point_cards(events)["membership_product_id"].tolist() == [3]
        assert point_transactions(visits)["seq"].tolist()[:2] == [1, 2]


def small_dataset():
    """Two baskets of household 1 at one instant, no campaign addresses it."""
    day = START // DAY
    lines = pd.DataFrame(
        {
            "order_no": [0, 0, 1],
            "position": [0, 1, 2],
            "household_id": 1,
            "day": day,
            "product_id": [500, 501, 500],
            "quantity": [1, 2, 1],
            "sales": [120_000, 50, 99],
            "retail_disc": [30, 0, 0],
            "coupon_disc": [50, 0, 0],
        }
    )
    baskets = pd.DataFrame(
        {
            "basket_id": [70, 71],
            "household_id": 1,
            "store_id": 3,
            "ordered_at": START,
            "day": day,
            "total": [120_050, 99],
            "quantity": [3, 1],
        }
    )
    return Dataset(
        baskets=baskets,
        lines=lines,
        campaigns=pd.DataFrame(
            {
                "campaign_id": [5],
                "campaign_type": ["Type A"],
                "start_day": [day],
                "end_day": [day],
            }
        ),
        targets=pd.DataFrame({"campaign_id": [5], "household_id": [2]}),
        coupons=pd.DataFrame(
            {"coupon_upc": [11], "campaign_id": [5], "product_id": [500]}
        ),
        redemptions=pd.DataFrame(
            {
                "household_id": [2],
                "coupon_upc": [11],
                "campaign_id": [5],
                "day": np.array([day]),
            }
        ),
    )
