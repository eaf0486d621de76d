"""The oracle on small hand-made data, and its own consistency over the year."""

import sys
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

# By path: `tests/__init__.py` belongs to Odoo and imports it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import (  # noqa: E402
    assert_same,
    build,
    cache,
    daily_summary,
    differences,
    load,
    performance,
    plant_cent,
    plant_customer,
    sql_statement_1,
)
from oracle.business_time import business_day, business_hour  # noqa: E402
from oracle.evaluations import evaluate  # noqa: E402
from oracle.points_ledger import with_points  # noqa: E402
from oracle.promotion_performance import half_up  # noqa: E402
from oracle.source_data import SourceData, to_cents, with_cents  # noqa: E402

ADDITIVE = ["total_transactions", "total_qty", "total_amount", "total_discount"]
CHECKED = [*ADDITIVE, "eligible_transactions", "applied_transactions"]
BASKET_LINE = ["household_id", "store_id", "basket_id", "product_id", "quantity"]
BASKET_LINE += ["sales_value", "retail_disc", "coupon_disc", "transaction_timestamp"]


def frame(columns, *rows):
    return pd.DataFrame(list(rows), columns=columns)


def instants(*texts):
    return pd.Series(pd.to_datetime(list(texts)))


@pytest.fixture(scope="module")
def facts():
    """Two households, three stores' baskets, campaigns 1 and 2 in March 2017."""
    march = [pd.Timestamp("2017-03-01"), pd.Timestamp("2017-03-31")]
    lines = frame(
        BASKET_LINE,
        # 03:30 UTC is still 14 March in New York: the day of the redemption.
        (7, 1, 100, 10, 1, 2.00, 0.50, 1.00, "2017-03-15 03:30:00"),
        (7, 1, 100, 11, 2, 3.00, 0.00, 0.25, "2017-03-15 03:30:00"),
        (7, 2, 101, 10, 1, 2.00, 0.00, 1.00, "2017-03-15 18:00:00"),
        (8, 1, 102, 10, 3, 5.01, 1.00, 0.00, "2017-03-20 12:00:00"),
    ).astype({"transaction_timestamp": "datetime64[ns]"})
    return build(
        SourceData(
            transactions=with_cents(lines),
            campaigns=frame(["campaign_id", "household_id"], (1, 7), (2, 7), (1, 8)),
            campaign_descriptions=frame(
                ["campaign_id", "campaign_type", "start_date", "end_date"],
                (1, "Type A", *march),
                (2, "Type B", *march),
            ),
            coupons=frame(
                ["coupon_upc", "product_id", "campaign_id"],
                (501, 10, 2),
                (501, 10, 2),
                (502, 10, 1),
                (503, 11, 1),
            ),
            coupon_redemptions=frame(
                ["household_id", "coupon_upc", "campaign_id", "redemption_date"],
                (7, 501, 2, pd.Timestamp("2017-03-14")),
                (7, 502, 1, pd.Timestamp("2017-03-14")),
            ),
        )
    )


def programs_of(facts, order_id):
    return facts.lines.loc[facts.lines["order_id"] == order_id, "program_id"].tolist()


def row(result):
    assert len(result) == 1
    return result.iloc[0]


class TestFacts:
    def test_business_day_and_hour_follow_new_york_across_daylight_saving(self):
        seen = instants(
            "2017-03-12 04:59:59",  # 11 March, 23:59 EST
            "2017-03-12 05:00:00",
            "2017-03-13 03:59:59",  # 12 March, 23:59 EDT
            "2017-03-13 04:00:00",
            "2017-11-05 05:30:00",  # first 01:30
            "2017-11-05 06:30:00",  # second 01:30
        )
        days = ["2017-03-11", "2017-03-12", "2017-03-12", "2017-03-13"]
        days += ["2017-11-05", "2017-11-05"]
        assert business_day(seen).tolist() == instants(*days).tolist()
        assert business_hour(seen).tolist() == seen.dt.floor("h").tolist()

    def test_a_coupon_line_belongs_to_the_lowest_redeemed_campaign(self, facts):
        # Product 10: campaigns 1 and 2 redeemed. Product 11: its coupon was not.
        assert sorted(programs_of(facts, "100")) == [1, 1001, 1002, 1003]

    def test_a_redemption_counts_on_its_business_day_only(self, facts):
        assert sorted(programs_of(facts, "101")) == [1002, 1003]

    def test_the_points_row_has_the_whole_basket_and_no_product(self, facts):
        points = facts.lines.set_index("program_id").loc[1002]
        assert points["amount_cents"].tolist() == [500, 200, 501]
        assert points["qty"].tolist() == [3, 1, 3]
        assert points["points_earned"].tolist() == [5, 2, 5]
        assert points["product_id"].isna().all()
        assert points["discount_cents"].tolist() == [0, 0, 0]

    def test_each_targeted_basket_is_evaluated_once_per_campaign(self, facts):
        found = facts.evaluations.set_index(["order_id", "program_id"])["outcome"]
        assert found.to_dict() == {
            ("100", 1): "applied",
            ("100", 2): "eligible",
            ("101", 1): "eligible",
            ("101", 2): "eligible",
            ("102", 1): "eligible",
        }

    def test_a_window_is_inclusive_and_an_attributed_line_is_applied_outside_it(
        self, facts
    ):
        day = pd.Timestamp
        campaigns = ["campaign_id", "household_id"]
        windows = ["campaign_id", "start_date", "end_date"]
        source = SimpleNamespace(
            campaigns=frame(campaigns, (1, 7), (1, 8), (2, 7), (2, 8)),
            campaign_descriptions=frame(
                windows,
                (1, day("2017-03-15"), day("2017-03-20")),
                (2, day("2017-03-15"), day("2017-03-19")),
            ),
        )
        found = evaluate(facts.orders, facts.lines, source)
        outcomes = found.set_index(["order_id", "program_id"])["outcome"].to_dict()
        assert outcomes == {
            ("100", 1): "applied",  # on 14 March
            ("101", 1): "eligible",
            ("101", 2): "eligible",
            ("102", 1): "eligible",
        }

    def test_a_part_of_a_cent_is_refused_and_noise_is_not(self):
        noisy = pd.Series([1.10, 0.29, 1e-15], name="sales_value")
        assert to_cents(noisy).tolist() == [110, 29, 0]
        for wrong in (0.005, float("nan"), float("inf")):
            with pytest.raises(ValueError, match="sales_value"):
                to_cents(pd.Series([wrong], name="sales_value"))


class TestPoints:
    def redeemed(self, *baskets):
        """Points redeemed at each (instant, dollars) of one household."""
        columns = ["ordered_at", "amount_cents", "basket_id", "partner_id"]
        rows = [(pd.Timestamp(at), d * 100, n, 1) for n, (at, d) in enumerate(baskets)]
        return with_points(frame(columns, *rows))["points_redeemed"].tolist()

    def test_500_are_redeemed_once_when_the_balance_before_earning_is_1000(self):
        year = [("2017-01-01", 999), ("2017-01-02", 1), ("2017-01-03", 0)]
        assert self.redeemed(*year, ("2017-01-04", 0)) == [0, 0, 500, 0]

    def test_points_are_gone_180_days_after_they_were_earned(self):
        before = [("2017-01-01 10:00:00", 1000), ("2017-06-30 09:59:59", 0)]
        due = [("2017-01-01 10:00:00", 1000), ("2017-06-30 10:00:00", 0)]
        assert self.redeemed(*before) == [0, 500]
        assert self.redeemed(*due) == [0, 0]

    def test_the_oldest_points_are_spent_first(self):
        # 500 of January's 600 are spent in March, its last 100 expire before July.
        first, july = [("2017-01-01", 600), ("2017-03-01", 900)], ("2017-07-05", 0)
        enough, short = ("2017-03-02", 100), ("2017-03-02", 99)
        assert self.redeemed(*first, enough, july) == [0, 0, 500, 500]
        assert self.redeemed(*first, short, july) == [0, 0, 500, 0]

    def test_households_do_not_share_points(self):
        columns = ["ordered_at", "amount_cents", "basket_id", "partner_id"]
        day = pd.Timestamp("2017-01-01")
        rows = [(day, 100_000, 1, 1), (day + pd.Timedelta(days=1), 0, 2, 2)]
        assert with_points(frame(columns, *rows))["points_redeemed"].tolist() == [0, 0]


class TestPerformance:
    def test_measures_of_one_program(self, facts):
        found = row(performance(programs=[1], facts=facts))
        assert found["total_transactions"] == 1
        assert found["total_amount"] == Decimal("2.00")
        assert found["conversion_rate"] == Fraction(1, 3)
        assert found["discount_depth"] == Fraction(1, 3)

    def test_average_is_per_order_and_rounded_half_up(self, facts):
        found = row(performance(programs=[1002], facts=facts))
        assert found["avg_transaction_value"] == Decimal("4.00")  # 12.01 / 3
        assert [half_up(5, 2), half_up(-5, 2), half_up(7, 0)] == [3, -3, 0]

    def test_totals_count_orders_and_customers_once_over_programs(self, facts):
        found = row(performance(group=(), facts=facts))
        assert (found["total_transactions"], found["unique_customers"]) == (3, 2)
        assert (found["eligible_transactions"], found["applied_transactions"]) == (3, 1)

    def test_a_bucket_has_its_first_days_label_and_holds_the_range_only(self, facts):
        asked = {"date_from": date(2017, 3, 15), "date_to": "2017-03-15"}
        for grain, label in (
            ("day", "2017-03-15"),
            ("week", "2017-03-13"),
            ("month", "2017-03-01"),
            ("year", "2017-01-01"),
        ):
            found = row(performance((), grain, facts=facts, **asked))
            assert found["date"] == pd.Timestamp(label)
            assert found["total_amount"] == Decimal("4.00")  # 1002 and 1003

    def test_an_hour_has_its_instant_and_its_business_day(self, facts):
        found = performance(grain="hour", programs=[1], facts=facts)
        assert found["hour"].tolist()[0] == pd.Timestamp("2017-03-15 03:00")
        assert found["date"].tolist()[0] == pd.Timestamp("2017-03-14")

    def test_evaluations_without_a_line_make_a_row_with_empty_ratios(self, facts):
        found = row(performance(programs=[2], facts=facts))
        assert (found["total_transactions"], found["eligible_transactions"]) == (0, 2)
        assert found["avg_transaction_value"] == found["conversion_rate"] == 0
        assert found["discount_depth"] is None

    def test_no_facts_no_row(self, facts):
        for group in ((), ("program_id", "store_id")):
            for grain in (None, "hour", "week"):
                assert performance(group, grain, stores=[99], facts=facts).empty

    def test_an_anonymous_customer_counts_as_a_transaction_only(self, facts):
        lines = facts.lines.astype({"partner_id": "Int64"})
        lines.loc[lines["partner_id"].eq(8), "partner_id"] = pd.NA
        changed = type(facts)(facts.programs, facts.orders, lines, facts.evaluations)
        found = row(performance(programs=[1002], facts=changed))
        assert (found["total_transactions"], found["unique_customers"]) == (3, 1)

    def test_an_unknown_grain_is_refused(self, facts):
        with pytest.raises(ValueError, match="quarter"):
            performance(grain="quarter", facts=facts)


class TestSqlNames:
    def test_daily_summary_is_by_business_day(self, facts):
        found = daily_summary(facts).set_index("program_id").loc[1]
        assert found["report_date"] == pd.Timestamp("2017-03-14")
        assert found["total_discount"] == Decimal("1.00")
        assert (found["total_orders"], found["unique_customers"]) == (1, 1)

    def test_first_statement_is_by_utc_day_and_averages_rows(self, facts):
        found = sql_statement_1("2017-03-15", "2017-03-15 23:59", 1003, facts)
        assert row(found)["report_date"] == pd.Timestamp("2017-03-15")
        assert row(found)["avg_transaction_value"] == Fraction(5, 2)
        assert row(found)["program_name"] == "Unattributed coupons"


class TestCompare:
    KEYS = ("program_id", "date")
    MEASURES = ("total_amount", "unique_customers", "conversion_rate")

    @pytest.fixture
    def expected(self, facts):
        return performance(grain="day", facts=facts)

    @pytest.fixture
    def served(self, expected):
        """The rows as an API would give them."""
        rows = expected.to_dict("records")
        for each in rows:
            each["date"] = each["date"].date().isoformat()
            each["total_amount"] = float(each["total_amount"])
        return rows

    def test_equal_rows_pass_in_any_order(self, expected, served):
        assert_same(expected, served[::-1], self.KEYS, self.MEASURES)

    def test_one_cent_is_seen_and_named(self, expected, served):
        for rows in (served, expected):
            actual = plant_cent(rows, "total_amount")
            with pytest.raises(AssertionError, match=r"1 differences") as caught:
                assert_same(expected, actual, self.KEYS, self.MEASURES)
            text = r"(1, '2017-03-14') total_amount: expected 2.00, got 2.01"
            assert text in str(caught.value)

    def test_one_customer_is_seen(self, expected, served):
        for actual in (plant_customer(served), plant_customer(expected)):
            (found,) = differences(expected, actual, self.KEYS, self.MEASURES)
            assert (found.measure, found.expected, found.actual) == (
                "unique_customers",
                1,
                2,
            )

    def test_missing_and_extra_rows_are_differences(self, expected, served):
        extra = {**served[0], "program_id": 77}
        found = differences(expected, [*served[1:], extra], self.KEYS, self.MEASURES)
        assert [each.measure for each in found] == ["row", "row"]

    def test_repeated_rows_and_empty_expectations_are_refused(self, expected, served):
        with pytest.raises(AssertionError, match="two rows"):
            assert_same(expected, [*served, served[0]], self.KEYS, self.MEASURES)
        with pytest.raises(AssertionError, match="empty"):
            assert_same([], [], self.KEYS, self.MEASURES)

    def test_numbers_are_equal_without_tolerance_whatever_their_type(self):
        def equal(expected, actual, digits=None):
            rows = ([{"k": 1, "m": expected}], [{"k": 1, "m": actual}])
            return not differences(*rows, ["k"], ["m"], digits={"m": digits})

        assert equal(Decimal("1.10"), 1.1) and equal(Decimal("1.10"), "1.1000")
        assert equal(Fraction(1, 3), 1 / 3) and not equal(Fraction(1, 3), "0.3333")
        assert equal(Fraction(1, 3), Decimal("0.3333"), digits=4)
        assert equal(None, float("nan")) and not equal(None, 0) and not equal(0, None)
        assert not equal(1, True) and not equal("a", 1.0) and not equal(1, "a")
        assert not equal(Decimal("0.30"), 0.1 + 0.2)


class TestCache:
    def test_a_value_is_computed_once(self, tmp_path):
        path = tmp_path / "new" / "facts"
        assert cache.load_from(path, lambda: {"a": 1}) == {"a": 1}
        assert cache.load_from(path, lambda: 1 / 0) == {"a": 1}
        assert [each.name for each in path.parent.iterdir()] == ["facts"]

    def test_the_facts_of_another_source_are_removed(self, tmp_path):
        for name in ("facts-1.pickle", "other", "facts-2.pickle"):
            cache.write(tmp_path / name, name)
        assert {each.name for each in tmp_path.iterdir()} == {"other", "facts-2.pickle"}

    @pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", bytes.upper])
    def test_a_broken_file_is_noticed_and_rebuilt(self, tmp_path, damage):
        path = tmp_path / "facts"
        cache.write(path, {"text": "abc"})
        path.write_bytes(damage(path.read_bytes()))
        assert cache.load_from(path, lambda: {"text": "new"}) == {"text": "new"}
        assert cache.read(path) == {"text": "new"}


class TestYear:
    """The reference history: sizes of the text, and grains that agree."""

    def test_sizes(self):
        facts = load()
        sizes = len(facts.orders), len(facts.lines), len(facts.evaluations)
        assert sizes == (155_848, 914_098, 82_682)

    @pytest.mark.parametrize("grain", ["hour", "day", "week", "month", "year"])
    def test_additive_measures_agree_between_grains(self, grain):
        whole = performance(("program_id",))
        buckets = performance(("program_id",), grain)
        summed = buckets.groupby("program_id", as_index=False)[CHECKED].sum()
        assert_same(whole, summed, ["program_id"], CHECKED)

    def test_additive_measures_agree_between_stores_and_months(self):
        by_store = performance(("program_id", "store_id"), "month")
        keys = ["program_id", "date"]
        summed = by_store.groupby(keys, as_index=False)[CHECKED].sum()
        assert_same(performance(("program_id",), "month"), summed, keys, CHECKED)

    def test_a_year_is_its_whole_range_customers_and_ratios_included(self):
        measures = [*CHECKED, "unique_customers", "conversion_rate", "discount_depth"]
        whole, year = performance(), performance(grain="year")
        assert_same(whole, year, ["program_id"], measures)

    def test_customers_of_a_year_are_not_the_sum_of_its_days(self):
        whole = performance(programs=[1002])["unique_customers"].sum()
        days = performance(grain="day", programs=[1002])["unique_customers"].sum()
        assert whole < days

    def test_daily_summary_agrees_with_the_report_by_day(self):
        report = performance(grain="day")
        report = report[report["total_transactions"] > 0]
        renamed = daily_summary().rename(
            columns={"report_date": "date", "total_orders": "total_transactions"}
        )
        measures = [*ADDITIVE, "unique_customers"]
        assert_same(report, renamed, ["program_id", "date"], measures)
