"""Membership of the reference history, by hand and over the year."""

import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

# By path: `tests/__init__.py` belongs to Odoo and imports it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import assert_same, load_members, membership_analytics  # noqa: E402
from oracle.business_time import business_day, business_hour  # noqa: E402
from oracle.member_facts import MemberFacts, build_members  # noqa: E402
from oracle.membership_analytics import (  # noqa: E402
    LAST_DAY,
    MEASURES,
    churn,
    members_by_day,
)

BRONZE, SILVER, GOLD = 1, 2, 3
PRODUCT, LEVEL = "membership_product_id", "membership_level"
ADDITIVE = ["total_spending", "total_points_earned", "total_points_redeemed"]
ADDITIVE += ["churned_members"]


def members(*baskets):
    """Facts of (partner, UTC instant, dollars) baskets, numbered as they stand."""
    orders = pd.DataFrame(
        [
            (partner, number, str(number), pd.Timestamp(at), round(dollars * 100))
            for number, (partner, at, dollars) in enumerate(baskets, start=1)
        ],
        columns=["partner_id", "basket_id", "order_id", "ordered_at", "amount_cents"],
    )
    return build_members(
        orders.assign(
            date=business_day(orders["ordered_at"]),
            hour=business_hour(orders["ordered_at"]),
            points_earned=orders["amount_cents"] // 100,
        )
    )


def events(*baskets):
    found = members(*baskets).events
    return list(
        zip(found["event_type"], found["to_membership_product_id"], strict=True)
    )


def row(result):
    assert len(result) == 1
    return result.iloc[0]


class TestEvents:
    def test_the_level_is_reached_with_the_basket_itself(self):
        assert events((7, "2017-01-01", 299.99)) == [("join", BRONZE)]
        assert events((7, "2017-01-01", 300)) == [("join", SILVER)]
        assert events((7, "2017-01-01", 999.99)) == [("join", SILVER)]
        assert events((7, "2017-01-01", 1000)) == [("join", GOLD)]

    def test_spend_counts_for_less_than_90_days(self):
        first = (7, "2017-01-01 10:00:00", 300)
        assert events(first, (7, "2017-04-01 09:59:59", 0)) == [("join", SILVER)]
        assert events(first, (7, "2017-04-01 10:00:00", 0)) == [
            ("join", SILVER),
            ("downgrade", BRONZE),
        ]

    def test_a_level_may_be_jumped_over(self):
        assert events((7, "2017-01-01", 1), (7, "2017-01-02", 999)) == [
            ("join", BRONZE),
            ("upgrade", GOLD),
        ]

    def test_households_do_not_share_spend(self):
        both = (7, "2017-01-01", 200), (8, "2017-01-01", 200)
        assert events(*both) == [("join", BRONZE), ("join", BRONZE)]


class TestLevelHeld:
    def test_a_sale_at_the_events_instant_is_at_the_new_level(self):
        facts = members((7, "2017-01-01", 200), (7, "2017-01-02", 200))
        assert facts.sales[PRODUCT].tolist() == [BRONZE, SILVER]

    def test_of_two_events_at_one_instant_the_later_id_decides_for_both_sales(self):
        at = "2017-01-02 12:00:00"
        facts = members((7, "2017-01-01", 1), (7, at, 400), (7, at, 700))
        assert facts.events["to_membership_product_id"].tolist() == [1, 2, 3]
        assert facts.sales[PRODUCT].tolist() == [BRONZE, GOLD, GOLD]

    def test_an_expiry_is_at_the_level_held_when_it_falls_due(self):
        # Silver by 1 January's 300, Bronze on 1 May; the points fall due on 30 June.
        facts = members(
            (7, "2017-01-01 10:00:00", 300),
            (7, "2017-05-01 10:00:00", 1),
            (7, "2017-07-01 10:00:00", 500),
        )
        expiry = facts.points[facts.points["transaction_type"] == "expire"].iloc[0]
        assert expiry["transaction_date"] == pd.Timestamp("2017-06-30 10:00:00")
        assert expiry[PRODUCT] == BRONZE


class TestAnalytics:
    @pytest.fixture
    def facts(self):
        """Household 7: Bronze, on 2 January Silver. Household 8: Bronze."""
        return members(
            (7, "2017-01-01 12:00:00", 100.50),
            (7, "2017-01-02 12:00:00", 250.25),
            (8, "2017-01-02 12:00:00", 20),
            (8, "2017-01-03 12:00:00", 10),
        )

    def test_measures_of_a_level_and_day(self, facts):
        days = membership_analytics(facts=facts, as_of="2017-01-31")
        found = days.set_index(["date", PRODUCT])
        second = found.loc[pd.Timestamp("2017-01-02")]
        assert second.loc[SILVER, "upgraded_members"] == 1
        assert second.loc[SILVER, "total_spending"] == Decimal("250.25")
        assert second.loc[SILVER, "total_points_earned"] == 250
        assert second.loc[BRONZE, "new_members"] == 1
        assert second.loc[BRONZE, "total_spending"] == Decimal("20.00")
        assert second["members"].to_dict() == {BRONZE: 1, SILVER: 1}

    def test_a_month_counts_a_customer_once_and_takes_its_last_members(self, facts):
        found = membership_analytics((), "month", facts=facts, as_of="2017-01-31")
        january = row(found)
        assert (january["active_members"], january["members"]) == (2, 2)
        assert january["avg_spending"] == Fraction(38075, 200)
        bronze = row(
            membership_analytics(
                (LEVEL,), "month", products=[BRONZE], facts=facts, as_of="2017-01-31"
            )
        )
        # Household 7 was Bronze on the first day, and left for Silver.
        assert (bronze["active_members"], bronze["members"]) == (2, 1)
        assert bronze["avg_spending"] == Fraction(13050, 200)

    def test_members_are_those_at_the_end_of_the_range_in_a_cut_bucket(self, facts):
        asked = {"facts": facts, "as_of": "2017-01-31", "date_to": "2017-01-01"}
        found = membership_analytics((), "month", **asked)
        assert row(found)["members"] == 1  # household 8 joins the day after
        assert row(found)["date"] == pd.Timestamp("2017-01-01")

    def test_nothing_happened_no_row(self, facts):
        days = membership_analytics(products=[SILVER], facts=facts, as_of="2017-01-31")
        assert days["date"].tolist() == [pd.Timestamp("2017-01-02")]

    def test_the_evening_of_new_years_eve_is_the_old_year(self):
        facts = members((7, "2017-01-01 04:59:59", 1), (8, "2017-01-01 05:00:00", 1))
        years = membership_analytics((), "year", facts=facts, as_of="2017-01-31")
        labels = [pd.Timestamp("2016-01-01"), pd.Timestamp("2017-01-01")]
        assert years["date"].tolist() == labels
        assert years["new_members"].tolist() == [1, 1]
        assert years["members"].tolist() == [1, 2]

    def test_an_unknown_grain_or_group_is_refused(self, facts):
        for asked in ({"grain": "hour"}, {"group": ("store_id",)}):
            with pytest.raises(ValueError, match="unknown"):
                membership_analytics(facts=facts, **asked)


class TestChurn:
    def crossed(self, *baskets, **asked):
        found = churn(members(*baskets), **asked)
        return list(zip(found["date"].dt.date.map(str), found[PRODUCT], strict=True))

    def test_a_member_crosses_on_the_90th_day_without_a_sale(self):
        first = (7, "2017-01-01 12:00:00", 1)
        on_the_day, day_after = "2017-04-01 12:00:00", "2017-04-02 12:00:00"
        spring = {"as_of": "2017-06-01"}
        assert self.crossed(first, (7, on_the_day, 1), **spring) == []
        assert self.crossed(first, (7, day_after, 1), **spring) == [
            ("2017-04-01", BRONZE)
        ]

    def test_only_up_to_the_day_as_of(self):
        first = (7, "2017-01-01 12:00:00", 1)
        assert self.crossed(first, as_of="2017-03-31") == []
        assert self.crossed(first, as_of="2017-04-01") == [("2017-04-01", BRONZE)]

    def test_each_return_may_be_followed_by_another_crossing(self):
        found = self.crossed(
            (7, "2017-01-01 12:00:00", 300),
            (7, "2017-01-11 12:00:00", 1),
            (7, "2017-02-11 12:00:00", 1),
            churn_days=10,
            as_of="2017-02-20",
        )
        assert found == [("2017-01-21", SILVER)]

    def test_the_level_is_that_of_the_end_of_the_day(self):
        # Silver until the basket of 1 May; that day is within the next 10 days.
        found = self.crossed(
            (7, "2017-01-01 12:00:00", 300),
            (7, "2017-05-01 12:00:00", 1),
            churn_days=10,
        )
        assert found == [("2017-01-11", SILVER), ("2017-05-11", BRONZE)]


class TestYear:
    """The reference history: sizes, and groupings that agree."""

    def test_events(self):
        kinds = load_members().events["event_type"].value_counts().to_dict()
        assert kinds == {"join": 2469, "upgrade": 3920, "downgrade": 2265}
        assert sum(kinds.values()) == 8654

    def test_totals_of_the_year(self):
        found = membership_analytics(grain="year").set_index(PRODUCT)
        assert found["members"].to_dict() == {1: 1178, 2: 925, 3: 366}
        assert found["churned_members"].to_dict() == {1: 469, 2: 47, 3: 5}
        assert [str(each) for each in found["total_spending"]] == [
            "892029.07",
            "2006100.48",
            "1697910.03",
        ]
        everybody = row(membership_analytics((), "year"))
        counts = ["active_members", "new_members", "members", "churned_members"]
        assert everybody[counts].tolist() == [2469, 2469, 2469, 521]

    @pytest.mark.parametrize("grain", ["day", "week", "month", "year"])
    def test_sums_agree_between_grains_and_distinct_counts_do_not_exceed(self, grain):
        whole = membership_analytics(grain=None)
        buckets = membership_analytics(grain=grain)
        summed = buckets.groupby(PRODUCT, as_index=False)[ADDITIVE].sum()
        assert_same(whole, summed, [PRODUCT], ADDITIVE)
        active = buckets.groupby(PRODUCT)["active_members"].sum()
        assert (active.to_numpy() >= whole["active_members"].to_numpy()).all()

    def test_a_levels_row_is_its_products(self):
        by_product, by_level = (membership_analytics((g,)) for g in (PRODUCT, LEVEL))
        both = membership_analytics((PRODUCT, LEVEL))
        assert_same(both, by_product, ["date", PRODUCT], MEASURES)
        assert_same(both, by_level, ["date", LEVEL], MEASURES)

    def test_members_of_a_month_are_those_of_its_last_day(self):
        daily = members_by_day(load_members().events)
        for each in membership_analytics(grain="month").to_dict("records"):
            last = each["date"] + pd.offsets.MonthEnd()
            assert each["members"] == daily.loc[last, each[PRODUCT]]

    def test_a_customer_is_at_one_level_only(self):
        daily = members_by_day(load_members().events)
        joined = load_members().events.query("event_type == 'join'")["date"]
        assert daily.loc[LAST_DAY].sum() == len(joined) == 2469
        summer = pd.Timestamp("2017-07-01")
        assert daily.loc[summer].sum() == (joined <= summer).sum()

    def test_every_sale_and_point_row_has_a_level(self):
        facts = load_members()
        assert isinstance(facts, MemberFacts)
        for frame in (facts.sales, facts.points):
            assert frame[PRODUCT].notna().all()
