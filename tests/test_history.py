"""The full history, over HTTP and through the pivot, against the oracle."""

import json
import os
from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.tests import HttpCase, tagged

from ..core.settings import Settings
from ..core.stores import clickhouse, push
from .history import load_history
from .history_pivots import HistoryPivots
from .oracle import assert_same, performance, plant_cent, plant_customer
from .test_rest import REPORT, RestCase

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
]
# Field of the pivot → measure of the oracle.
FIELDS = {
    "total_transactions:count_distinct": "total_transactions",
    "qty:sum": "total_qty",
    "amount:sum": "total_amount",
    "discount:sum": "total_discount",
    "unique_customers:count_distinct": "unique_customers",
    "eligible_transactions:count_distinct": "eligible_transactions",
    "applied_transactions:count_distinct": "applied_transactions",
}
YEAR = {"date_from": "2017-01-01", "date_to": "2017-12-31"}


@tagged("post_install", "-at_install")
class TestHistory(HistoryPivots, HttpCase):
    """Loaded once, by the pipeline's own connections, before the test's snapshot."""

    @classmethod
    def setUpClass(cls):
        cls.dsn = load_history(cls)
        cls.postgresql = Settings()
        cls.clickhouse = replace(cls.postgresql, clickhouse_url=_own_database())
        result = push.push(cls.clickhouse, cls.dsn)
        assert result.state == "done", result.message
        super().setUpClass()
        company = cls.env.ref("base.main_company")
        company.currency_id = cls.env.ref("base.USD")
        company.loyalty_reporting_tz = "America/New_York"
        cls.key = RestCase.api_key.__func__(cls, cls.env.ref("base.user_admin"))

    def test_rest_equals_the_oracle_from_both_stores(self):
        for grain in ("day", "week", "month", "year"):
            expected = performance(grain=grain)
            for settings in (self.postgresql, self.clickhouse):
                rows = self.rest(settings, group_by=grain)
                with self.subTest(grain=grain, clickhouse=settings.clickhouse_url):
                    assert_same(expected, rows, ["program_id", "date"], MEASURES)

    def test_rest_of_a_shop_equals_the_oracle(self):
        expected = performance(grain="month", stores=[367])
        for settings in (self.postgresql, self.clickhouse):
            rows = self.rest(settings, group_by="month", store_id="367")
            assert_same(expected, rows, ["program_id", "date"], MEASURES)

    def test_the_comparison_notices_a_cent_and_a_customer(self):
        rows = self.rest(self.postgresql, group_by="month")
        expected = performance(grain="month")
        for faulty in (plant_cent(rows, "total_amount"), plant_customer(rows)):
            with self.assertRaises(AssertionError):
                assert_same(expected, faulty, ["program_id", "date"], MEASURES)

    def test_the_pivot_equals_the_oracle_at_every_grouping(self):
        for grain in ("day", "week", "month", "year"):
            field = "week:day" if grain == "week" else f"date:{grain}"
            with self.subTest(grain=grain):
                self.assert_pivot(
                    performance(grain=grain), ["program_key", field], "date"
                )
        self.assert_pivot(
            performance(group=("store_id",)),
            ["shop_key"],
            "store_id",
            "loyalty_reporting_shop",
        )

    def test_the_total_of_the_pivot_is_distinct(self):
        [total] = self.read([])
        [expected] = performance(group=()).to_dict("records")
        for field, measure in FIELDS.items():
            self.assertEqual(
                Decimal(str(total[field])), Decimal(expected[measure]), field
            )

    def assert_pivot(
        self, expected, groupby, key, dimension="loyalty_reporting_program"
    ):
        self.env.cr.execute(f"SELECT id, external_id FROM {dimension}")
        externals = dict(self.env.cr.fetchall())
        rows = []
        for group in self.read(groupby):
            row = {measure: group[field] for field, measure in FIELDS.items()}
            if "program_key" in groupby:
                row["program_id"] = externals[group["program_key"][0]]
                row["date"] = group[groupby[1]][0]
            else:
                row[key] = externals[group["shop_key"][0]]
            rows.append(_exact(row))
        keys = ["program_id", "date"] if "program_key" in groupby else [key]
        assert_same(expected, rows, keys, list(FIELDS.values()))

    def read(self, groupby):
        model = self.env["promotion.order"]
        domain = [("company_id", "=", 1), ("date", "<", "2018-01-02")]
        [groups] = model.formatted_read_grouping_sets(domain, [groupby], list(FIELDS))
        return groups

    def rest(self, settings, **parameters):
        pipeline = type(self.env["loyalty.reporting.pipeline"])
        rows = []
        with patch.object(pipeline, "_settings", lambda _self: settings):
            total = 1
            while len(rows) < total:
                answer = self.page(1 + len(rows) // 1000, parameters)
                total = answer["pagination"]["total"]
                rows += answer["data"]
        return [_exact(row) for row in rows]

    def page(self, page, parameters):
        query = {
            **YEAR,
            **parameters,
            "measures": ",".join(MEASURES),
            "page": page,
            "per_page": 1000,
        }
        address = REPORT + "?" + "&".join(f"{k}={v}" for k, v in query.items())
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = self.url_open(address, headers=headers, timeout=60)
        self.assertEqual(answer.status_code, 200, answer.text)
        return json.loads(answer.text)


def _exact(row):
    """Return a row whose amounts are the decimals that its floats stand for."""
    money = ("total_qty", "total_amount", "total_discount", "avg_transaction_value")
    return {
        name: Decimal(str(value)) if name in money else value
        for name, value in row.items()
    }


def _own_database():
    """Return the address of an empty ClickHouse database for this test."""
    url = os.environ["LOYALTY_REPORTING_CLICKHOUSE_URL"]
    with clickhouse.client(url) as client:
        client.execute("DROP DATABASE IF EXISTS odoo_history")
        client.execute("CREATE DATABASE odoo_history")
    return urlsplit(url)._replace(path="/odoo_history").geturl()
