"""The whole reference history, loaded once, against the independent oracle."""

import io
from contextlib import closing

import databases
import pandas as pd
import psycopg2
import pytest
from oracle import (
    assert_same,
    daily_summary,
    load,
    performance,
    plant_cent,
    plant_customer,
    sql_statement_1,
)
from recomputed import assert_rollups_follow_from_detail
from sql_statements import DIGESTS, STATEMENTS, digest, run

from core.stores.materialized import refresh

ROWS = {"orders": 155_848, "lines": 914_098, "evaluations": 82_682}
ROWS |= {"events": 8_654, "points": 185_548}
DIMENSIONS = {"program": 30, "membership_product": 3, "point_card": 2_469}
BOOKINGS = "SELECT count(*) FROM engine.point_transaction WHERE order_id IS NULL"
COUNTED = [
    "total_transactions",
    "total_qty",
    "total_amount",
    "total_discount",
    "unique_customers",
    "eligible_transactions",
    "applied_transactions",
]
SUMMED = [
    "total_orders",
    "unique_customers",
    "total_qty",
    "total_amount",
    "total_discount",
    "total_points_earned",
    "total_points_redeemed",
]
ORDER_GRAIN = """
    SELECT program_id, {columns}
        count(DISTINCT sale_key) AS total_transactions,
        sum(o.qty) AS total_qty, sum(o.amount) AS total_amount,
        sum(o.discount) AS total_discount,
        count(DISTINCT sale_customer_key) AS unique_customers,
        count(DISTINCT eligible_key) AS eligible_transactions,
        count(DISTINCT applied_key) AS applied_transactions
    FROM (
        SELECT o.*, p.external_id AS program_id, s.external_id AS store_id
        FROM promotion_order o
        JOIN loyalty_reporting_program p ON p.id = o.program_key
        LEFT JOIN loyalty_reporting_shop s ON s.id = o.shop_key) o
    GROUP BY program_id {grouping}
"""


@pytest.fixture(scope="module")
def dsn(history):
    """URL of the loaded reporting database."""
    return history[0]


MANY = 20_000
LINE = {
    "order_id": "str",
    "program_id": "int64",
    "partner_id": "int64",
    "product_id": "int64",
    "store_id": "int64",
    "channel": "str",
    "ordered_at": "datetime64[s]",
    "date": "datetime64[s]",
    "hour": "datetime64[s]",
    "qty": "int64",
    "amount_cents": "int64",
    "discount_cents": "int64",
    "points_earned": "int64",
    "points_redeemed": "int64",
}


def lines_of(dsn):
    """The view `promotion_report_detail` as the oracle's lines."""
    query = (
        "SELECT order_id, program_id, partner_id, product_id, store_id, channel,"
        " transaction_date AS ordered_at, date, hour, trim_scale(qty) AS qty,"
        " trim_scale(amount * 100) AS amount_cents,"
        " trim_scale(discount * 100) AS discount_cents,"
        " trim_scale(points_earned) AS points_earned,"
        " trim_scale(points_redeemed) AS points_redeemed FROM promotion_report_detail"
    )
    file = io.BytesIO()
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)", file)
    file.seek(0)
    return pd.read_csv(file, dtype={"order_id": "str"})


def sorted_lines(lines):
    """Lines in one order and one set of types; no product is product -1."""
    plain = lines[list(LINE)].assign(product_id=lines["product_id"].fillna(-1))
    return plain.astype(LINE).sort_values(list(LINE), ignore_index=True)


def by_order_grain(dsn, grain=None, by_store=False):
    """The report out of the view `promotion_order`, which pivots use."""
    names = ["date"] if grain else []
    names += ["store_id"] if by_store else []
    bucket = {"date": f"date_trunc('{grain}', date)::date"}
    columns = "".join(f"{bucket.get(n, n)} AS {n}, " for n in names)
    grouping = "".join(f", {bucket.get(n, n)}" for n in names)
    query = ORDER_GRAIN.format(columns=columns, grouping=grouping)
    return databases.dicts(dsn, query)


def assert_equal_and_able_to_fail(expected, actual, keys, measures, **options):
    """Equal to the cent and customer; a planted fault of each is seen.

    The faults of a long result are looked for among some of its rows: all of them
    are known to be the expected ones by then.
    """
    assert_same(expected, actual, keys, measures, **options)
    if len(actual) > MANY:
        expected = actual = actual[:: len(actual) // 1000]
        options = {}
    middle = len(actual) // 2
    for measure, planted in (
        ("total_amount", plant_cent(actual, "total_amount", middle)),
        ("unique_customers", plant_customer(actual, row=middle)),
    ):
        with pytest.raises(AssertionError, match=f"1 differences(.|\n)*{measure}"):
            assert_same(expected, planted, keys, measures, **options)


class TestDetail:
    def test_every_row_of_the_engine_is_read_once_and_none_refused(
        self, history, full_engine
    ):
        dsn, counts = history
        bookings = databases.value(full_engine, BOOKINGS)
        # The dimensions are read before the months, and after them.
        assert counts.rows_read == sum(ROWS.values()) + 2 * sum(DIMENSIONS.values())
        assert counts.rows_loaded == sum(ROWS.values()) - ROWS["orders"]
        assert counts.documents_changed == ROWS["orders"] + ROWS["events"] + bookings
        assert counts.rows_rejected == 0
        assert (
            databases.value(dsn, "SELECT count(*) FROM promotion_report_detail")
            == (ROWS["lines"])
        )

    def test_every_line_has_the_columns_that_the_rules_give(self, dsn):
        expected, actual = sorted_lines(load().lines), sorted_lines(lines_of(dsn))
        assert actual.equals(expected)
        actual.loc[77, "amount_cents"] += 1
        assert not actual.equals(expected)

    def test_the_first_statement_of_the_contract_runs_as_written(self, dsn):
        for program in (None, 1003):
            asked = {
                "date_from": "2017-03-01 00:00:00",
                "date_to": "2017-04-30 23:59:59",
                "program_id": program,
            }
            assert_equal_and_able_to_fail(
                sql_statement_1(**asked),
                run(dsn, 1, **asked),
                ["program_id", "program_name", "report_date"],
                ["total_orders", "unique_customers", "total_amount", "total_discount"]
                + ["avg_transaction_value", "total_points_earned"],
                digits={"avg_transaction_value": 16},
            )

    def test_the_statements_tested_are_the_contracts(self):
        assert [digest(statement) for statement in STATEMENTS] == DIGESTS


class TestRollups:
    @pytest.mark.parametrize("store", [(), ("store_id",)])
    @pytest.mark.parametrize("grain", ["day", "week", "month", "year"])
    def test_order_grain_counts_customers_once_in_any_bucket(self, dsn, grain, store):
        keys = ["program_id", *store, "date"]
        found = by_order_grain(dsn, grain, bool(store))
        expected = performance(("program_id", *store), grain)
        assert_equal_and_able_to_fail(expected, found, keys, COUNTED)

    def test_order_grain_counts_customers_once_in_the_whole_history(self, dsn):
        found = by_order_grain(dsn)
        assert_equal_and_able_to_fail(performance(), found, ["program_id"], COUNTED)

    def test_the_shop_hour_rollup_has_every_measure(self, dsn):
        found = databases.dicts(dsn, "SELECT * FROM promotion_performance")
        expected = performance(("program_id", "store_id", "channel"), "hour")
        assert_equal_and_able_to_fail(
            expected,
            found,
            ["program_id", "store_id", "channel", "date", "hour"],
            [*COUNTED, "conversion_rate"],
            digits={"conversion_rate": 20},
        )

    def test_the_average_is_the_ratio_of_the_sums_to_four_digits(self, dsn):
        wrong = databases.value(
            dsn,
            "SELECT count(*) FILTER (WHERE avg_transaction_value IS DISTINCT FROM CASE"
            "  WHEN total_transactions = 0 THEN 0"
            "  ELSE round(total_amount / total_transactions, 4) END)"
            " FROM promotion_performance",
        )
        assert wrong == 0

    def test_the_program_day_rollup_has_every_additive_measure(self, dsn):
        found = databases.dicts(
            dsn,
            "SELECT d.*, p.external_id AS program_id FROM promotion_day_data d"
            " JOIN loyalty_reporting_program p ON p.id = d.program_key",
        )
        measures = [name for name in COUNTED if name != "unique_customers"]
        expected = performance(grain="day")
        assert_same(expected, found, ["program_id", "date"], measures)
        with pytest.raises(AssertionError, match="1 differences"):
            planted = plant_cent(found, "total_discount", 500)
            assert_same(expected, planted, ["program_id", "date"], measures)

    def test_the_daily_summary_is_filled_by_a_refresh(self, dsn):
        [result] = refresh(dsn, force=True).values()
        assert result.state == "done"
        found = databases.dicts(dsn, "SELECT * FROM mv_promotion_daily_summary")
        keys = ["program_id", "report_date"]
        assert_equal_and_able_to_fail(daily_summary(), found, keys, SUMMED)

    @pytest.mark.slow
    def test_all_rollups_follow_from_the_detail(self, dsn):
        assert_rollups_follow_from_detail(dsn)
