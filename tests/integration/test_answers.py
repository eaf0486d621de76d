"""Answers of the report from both stores: equal to the oracle and to each other."""

from datetime import date

import databases
import pytest
from asking import YEAR, ask, keys_of, query_of
from copies import rebuilt
from oracle import assert_same, load, performance, plant_cent, plant_customer

pytest_plugins = ["store_fixtures", "answer_fixtures"]

MEASURES = [
    "total_transactions",
    "total_qty",
    "total_amount",
    "total_discount",
    "avg_transaction_value",
    "unique_customers",
    "eligible_transactions",
    "applied_transactions",
    "conversion_rate",
    "discount_depth",
]
ADDITIVE = [name for name in MEASURES if name != "unique_customers"]


class TestOracle:
    @pytest.mark.parametrize("measures", [MEASURES, ADDITIVE], ids=["order", "rollup"])
    @pytest.mark.parametrize("grain", ["hour", "day", "week", "month", "year"])
    def test_a_year_is_what_the_rules_give(self, asked, grain, measures):
        expected = performance(("program_id",), grain)
        rows = asked(query_of(*YEAR, grain, measures=",".join(measures)))
        assert_same(expected, rows, keys_of(grain), measures)
        assert {row["program_name"] for row in rows} == set(
            load().programs["program_name"]
        ) - _without_facts(expected)

    @pytest.mark.parametrize("grain", ["day", "week", "month", "year"])
    @pytest.mark.parametrize(
        "period",
        [
            (date(2017, 3, 1), date(2017, 3, 1)),  # one day, a Wednesday
            (date(2017, 2, 23), date(2017, 4, 11)),  # weeks and months are cut
            (date(2017, 3, 12), date(2017, 3, 12)),  # clocks are set forward
            (date(2017, 11, 5), date(2017, 11, 6)),  # and back
            (date(2016, 12, 31), date(2017, 1, 1)),  # the edge of the history
        ],
    )
    def test_a_part_of_the_year_holds_only_its_days(self, asked, grain, period):
        first, last = period
        expected = performance(("program_id",), grain, date_from=first, date_to=last)
        rows = asked(query_of(first, last, grain))
        assert_same(expected, rows, keys_of(grain), MEASURES)

    @pytest.mark.parametrize("grain", ["hour", "month"])
    @pytest.mark.parametrize(
        ("filters", "given"),
        [
            ({"programs": [1001]}, {"program_id": "1001"}),
            ({"programs": [13, 1002, 8]}, {"program_id": ["13,1002", "8"]}),
            ({"stores": [367, 406]}, {"store_id": "367,406"}),
            (
                {"stores": [367], "programs": [1001]},
                {"store_id": "367", "program_id": "1001"},
            ),
            ({"channels": ["pos"]}, {"channel": ["pos", "web"]}),
        ],
    )
    def test_filters_leave_what_they_say(self, asked, grain, filters, given):
        first, last = date(2017, 5, 3), date(2017, 8, 20)
        expected = performance(
            ("program_id",), grain, date_from=first, date_to=last, **filters
        )
        rows = asked(query_of(first, last, grain, **given))
        assert_same(expected, rows, keys_of(grain), MEASURES)

    @pytest.mark.parametrize(
        ("dimensions", "group"),
        [
            ("", ()),
            ("store", ("store_id",)),
            ("channel", ("channel",)),
            ("program,store", ("program_id", "store_id")),
        ],
    )
    def test_an_order_with_two_programs_is_one_order(self, asked, dimensions, group):
        expected = performance(group, "month")
        query = query_of(
            *YEAR, "month", measures=",".join(MEASURES), dimensions=dimensions
        )
        assert_same(expected, asked(query), [*group, "date"], MEASURES)

    @pytest.mark.parametrize(
        "given", [{"store_id": "999999"}, {"channel": "none"}, {"channel": ""}]
    )
    def test_a_filter_that_nothing_fits_gives_no_row(self, asked, given):
        assert asked(query_of(*YEAR, "month", **given)) == []

    @pytest.mark.parametrize(
        "period",
        [
            (date.min, date.max),
            (date(1900, 1, 1), date(2017, 12, 31)),
            (date(2017, 1, 1), date(2149, 6, 7)),
            (date(2017, 1, 1), date(2200, 1, 1)),
        ],
    )
    def test_a_period_may_be_longer_than_all_history(self, asked, period):
        rows = asked(query_of(*period, "year"))
        assert_same(
            performance(("program_id",), "year"), rows, keys_of("year"), MEASURES
        )

    def test_a_period_without_history_has_no_row(self, asked):
        for year in (1, 1969, 1970, 2016, 2148, 2150, 9999):
            assert asked(query_of(date(year, 1, 1), date(year, 12, 31))) == []

    def test_a_planted_cent_and_customer_are_seen(self, asked):
        rows = asked(query_of(*YEAR, "month"))
        expected = performance(("program_id",), "month")
        for name, planted in (
            ("total_amount", plant_cent(rows, "total_amount", 50)),
            ("unique_customers", plant_customer(rows, row=50)),
        ):
            with pytest.raises(AssertionError, match=f"1 differences(.|\n)*{name}"):
                assert_same(expected, planted, keys_of("month"), MEASURES)

    def test_faults_planted_in_the_stores_are_seen(self, full_engine, pushed_history):
        report, copy = pushed_history
        expected = performance(("program_id",), "year")
        with databases.database(databases.REPORT, report) as other:
            fault = (
                "UPDATE promotion_order_data SET {} WHERE (order_key, program_key) ="
            )
            some = " (SELECT order_key, program_key FROM promotion_order_data LIMIT 1)"
            for change in ("amount = amount + 0.01", "customer_key = 999999"):
                databases.execute(other, fault.format(change) + some)
                with pytest.raises(AssertionError, match="differences"):
                    rows = ask(other, query_of(*YEAR, "year")).rows
                    assert_same(expected, rows, keys_of("year"), MEASURES)
        plant = (
            "INSERT INTO promotion_order_data (order_key, program_key, first_day, load_id,"
            " company_id, shop_key, customer_key, channel, day, line_count, amount_e4)"
            " SELECT {}, program_key, first_day, load_id + 1, company_id, shop_key,"
            " {}, channel, day, line_count, amount_e4 + {} FROM promotion_order_data"
            " WHERE line_count > 0 ORDER BY order_key, program_key LIMIT 1"
        )
        for order, customer, amount in (
            ("order_key", "customer_key", 100),
            (0, 99999, 0),
        ):
            copy.rows(plant.format(order, customer, amount))
            with pytest.raises(AssertionError, match="differences"):
                rows = ask(report, query_of(*YEAR, "year"), copy.settings).rows
                assert_same(expected, rows, keys_of("year"), MEASURES)
        rebuilt(copy, report)


def _without_facts(expected):
    names = load().programs.set_index("program_id")["program_name"]
    return set(names.drop(expected["program_id"].unique()))
