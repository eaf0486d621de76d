"""Membership and points of the full history: pivots and graphs against the oracle."""

import re
from decimal import Decimal
from fractions import Fraction
from unittest.mock import patch

from odoo.tools import SQL

from .oracle import (
    assert_same,
    load_members,
    membership_analytics,
    outstanding,
    plant_cent,
    plant_customer,
    point_detail,
)

# Field of the pivot → measure of the oracle.
MEMBERSHIP = {
    "new_members:count_distinct": "new_members",
    "active_members:count_distinct": "active_members",
    "upgraded_members:count_distinct": "upgraded_members",
    "downgraded_members:count_distinct": "downgraded_members",
    "members:max": "members",
    "total_spending:sum": "total_spending",
    "avg_spending:avg": "avg_spending",
    "total_points_earned:sum": "total_points_earned",
    "total_points_redeemed:sum": "total_points_redeemed",
}
POINTS = {
    "points_earned:sum": "points_earned",
    "points_redeemed:sum": "points_redeemed",
    "points_expired:sum": "points_expired",
    "points_adjusted:sum": "points_adjusted",
    "transactions:sum": "transactions",
    "cards:count_distinct": "cards",
    "redemption_rate:avg": "redemption_rate",
    "balance:max": "balance",
}
DOMAIN = [("company_id", "=", 1), ("date", "<", "2018-01-01")]
# PostgreSQL's quotients have 16 digits, the oracle's are exact.
RATIOS, DIGITS = {"avg_spending", "redemption_rate"}, 9
DIGITS_OF = dict.fromkeys(RATIOS, DIGITS)
PRODUCT, MONTH = "membership_product_key", "date:month"
GRAINS = {"day": "date:day", "week": "week:day", "month": MONTH, "year": "date:year"}


class HistoryPivots:
    """Tests of a class that has the history."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.cr.execute(
            "SELECT id, external_id FROM loyalty_reporting_membership_product"
        )
        cls.products = dict(cls.env.cr.fetchall())

    def sets(self, model, sets, measures, domain=()):
        return self.env[model].formatted_read_grouping_sets(
            [*DOMAIN, *domain], sets, [*measures]
        )

    def members(self, sets, domain=()):
        """Return for each set of groupings its rows, as the oracle calls things."""
        found = self.sets("membership.analytics", sets, MEMBERSHIP, domain)
        return [
            [self.named(group, by, MEMBERSHIP) for group in groups]
            for by, groups in zip(sets, found, strict=True)
        ]

    def named(self, group, groupby, fields):
        row = {measure: group[field] for field, measure in fields.items()}
        # A level without buyers: the oracle's 0, Odoo's nothing.
        for ratio in RATIOS.intersection(row):
            row[ratio] = round(row[ratio] or 0, DIGITS)
        for by in groupby:
            if by == PRODUCT:
                row["membership_product_id"] = self.products[group[by][0]]
            else:
                row["date"] = group[by][0]
        return row

    def assert_members(self, rows, group, grain, **asked):
        expected = membership_analytics(group=group, grain=grain, **asked)
        keys = [*(["date"] if grain else []), *group]
        rows, expected = _with_facts(rows), _with_facts(expected.to_dict("records"))
        measures = [*MEMBERSHIP.values()]
        assert_same(expected, rows, keys or ["all"], measures, digits=DIGITS_OF)

    def test_levels_are_the_same_when_months_are_archived(self):
        levels = (
            ("membership.analytics", ["membership_product_key", "customer_key"],
             "members:max"),
            ("point.analytics", ["program_key", "customer_key"], "balance:max"),
            ("point.analytics", ["customer_key"], "balance:max"),
        )  # fmt: skip
        customers = self.env["loyalty.reporting.customer"].search([], limit=200)
        domain = [
            *DOMAIN,
            ("date", ">=", "2017-09-02"),
            ("customer_key", "in", customers.ids),
        ]

        def pivots():
            return [
                self.env[model]._read_grouping_sets(domain, [groupby], [level])
                for model, groupby, level in levels
            ]

        before = pivots()
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive (month, tier, state)"
            " VALUES ('2017-01-01', 'detail', 'archived'),"
            " ('2017-01-01', 'aggregate', 'archived')"
        )
        self.assertEqual(pivots(), before)
        self.assertGreater(min(len(rows) for [rows] in before), 100)

    def test_members_equal_the_oracle_at_every_level_of_a_pivot(self):
        for grain, by in GRAINS.items():
            total, products, buckets, cells = self.members(
                [[], [PRODUCT], [by], [PRODUCT, by]]
            )
            with self.subTest(grain):
                self.assert_members(total, (), None)
                self.assert_members(products, ("membership_product_id",), None)
                self.assert_members(buckets, (), grain)
                self.assert_members(cells, ("membership_product_id",), grain)

    def test_members_of_a_period_equal_the_oracle(self):
        asked = {"date_from": "2017-03-15", "date_to": "2017-07-20"}
        domain = [("date", ">=", "2017-03-15"), ("date", "<=", "2017-07-20")]
        products, cells = self.members([[PRODUCT], [PRODUCT, MONTH]], domain)
        self.assert_members(products, ("membership_product_id",), None, **asked)
        self.assert_members(cells, ("membership_product_id",), "month", **asked)

    def test_a_graph_says_the_same_as_a_pivot(self):
        [cells] = self.members([[PRODUCT, MONTH]])
        groups = self.env["membership.analytics"].formatted_read_group(
            DOMAIN, [PRODUCT, MONTH], [*MEMBERSHIP]
        )
        self.assertEqual(
            [self.named(group, [PRODUCT, MONTH], MEMBERSHIP) for group in groups], cells
        )

    def test_sums_come_from_the_rollup_and_equal_the_rows(self):
        without = {"cards:count_distinct", "avg_spending:avg"}
        for name, key, fields in (
            ("membership.analytics", PRODUCT, MEMBERSHIP),
            ("point.analytics", "program_key", POINTS),
        ):
            measures = [f for f in fields if ":count" not in f and f not in without]
            sets = [[], [key], [MONTH], [key, "week:day"]]
            asked = DOMAIN, sets, [*measures, "__count"]
            model = self.env[name]
            with patch.object(type(model), "_rows_query", side_effect=KeyError):
                rollup = model.formatted_read_grouping_sets(*asked)
            with patch.object(type(model), "_where_answered", lambda self, *_: self):
                rows = model.formatted_read_grouping_sets(*asked)
            self.assertEqual(rollup, rows)

    def test_what_the_rollup_does_not_have_comes_from_the_rows(self):
        model = self.env["membership.analytics"]
        with patch.object(type(model), "_rollup_query", side_effect=KeyError):
            for domain, by, measure in (
                ([("customer_key", "!=", False)], [], "total_spending:sum"),
                ([], ["customer_key"], "total_spending:sum"),
                ([], [PRODUCT], "active_members:count_distinct"),
            ):
                limited = [*DOMAIN, *domain, ("date", "<", "2017-01-08")]
                found = model.formatted_read_group(limited, by, [measure])
                self.assertTrue(found)

    def test_a_month_is_read_from_its_own_partitions(self):
        query = self.env["point.analytics"]._search(
            [("date", ">=", "2017-03-01"), ("date", "<=", "2017-03-31")]
        )
        plan = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        tables = set(re.findall(r"point_analytics_data_(\d+)", str(plan)))
        self.assertEqual(tables, {"201702", "201703", "201704"})

    def test_distinct_members_are_not_the_sum_of_their_groups(self):
        [total], buckets = self.members([[], [MONTH]])
        parts = sum(row["active_members"] for row in buckets)
        self.assertLess(total["active_members"], parts)

    def test_the_comparison_notices_a_cent_a_customer_and_a_member(self):
        [cells] = self.members([[PRODUCT, MONTH]])
        for faulty in (
            plant_cent(cells, "total_spending"),
            plant_customer(cells, "active_members"),
            plant_customer(cells, "members"),
            cells[1:],
        ):
            with self.assertRaises(AssertionError):
                self.assert_members(faulty, ("membership_product_id",), "month")

    def test_events_equal_the_oracle_by_type_and_month(self):
        events = load_members().events
        expected = events.groupby(
            ["event_type", events["date"].dt.strftime("%Y-%m-01")]
        )
        found = self.env["membership.event"].formatted_read_group(
            DOMAIN, ["event_type", MONTH], ["events:sum"]
        )
        self.assertEqual(
            {(g["event_type"], g[MONTH][0]): g["events:sum"] for g in found},
            expected.size().to_dict(),
        )

    def points(self, sets, domain=()):
        found = self.sets("point.analytics", sets, POINTS, domain)
        return [
            [self.named(group, by, POINTS) for group in groups]
            for by, groups in zip(sets, found, strict=True)
        ]

    def assert_points(self, grain, rows):
        key = ["date"] if grain else ["all"]
        measures = [*POINTS.values()]
        assert_same(_points(grain), rows, key, measures, digits=DIGITS_OF)

    def test_points_equal_the_oracle_at_every_level_of_a_pivot(self):
        for grain in ("day", "week", "month"):
            total, buckets = self.points([[], [GRAINS[grain]]])
            with self.subTest(grain):
                self.assert_points(None, _keyed(total))
                self.assert_points(grain, buckets)

    def test_the_comparison_notices_points_a_card_and_a_balance(self):
        [buckets] = self.points([[MONTH]])
        for faulty in (
            plant_customer(buckets, "points_expired"),
            plant_customer(buckets, "cards"),
            plant_customer(buckets, "balance"),
        ):
            with self.assertRaises(AssertionError):
                self.assert_points("month", faulty)

    def test_the_balance_of_each_card_equals_the_oracle(self):
        detail = point_detail()
        detail = detail[detail["date"] < "2018-01-01"].sort_values(
            ["card_id", "transaction_date", "seq"]
        )
        expected = detail.groupby("card_id")["balance_after"].last()
        found = self.env["point.analytics"].formatted_read_group(
            DOMAIN, ["card_key"], ["balance:max"]
        )
        self.assertEqual(
            {group["card_key"][1]: group["balance:max"] for group in found},
            {f"Card {card}": float(points) for card, points in expected.items()},
        )


def _with_facts(rows):
    """Return the rows in which anything was counted; churn and expiry alone are none."""
    counted = [name for name in MEMBERSHIP.values() if name != "members"]
    return _keyed(row for row in rows if any(row[name] for name in counted))


def _keyed(rows):
    return [{**row, "all": 0} for row in rows]


def _points(grain):
    """Return what the oracle says of the ledger by bucket."""
    detail = point_detail()
    detail = detail[detail["date"] < "2018-01-01"]
    periods = {"day": "D", "week": "W-SUN", "month": "M"}
    label = detail["date"].map(lambda _day: 0)
    if grain:
        label = detail["date"].dt.to_period(periods[grain]).dt.start_time
    rows = []
    for day, part in detail.groupby(label):
        last = part["date"].max()
        earned, redeemed = part["points_earned"].sum(), part["points_redeemed"].sum()
        rows.append(
            {
                "all": 0,
                "date": day,
                **{
                    name: Decimal(int(part[name].sum()))
                    for name in POINTS.values()
                    if name.startswith("points_")
                },
                "transactions": len(part),
                "cards": part["card_id"].nunique(),
                "redemption_rate": Fraction(int(redeemed), int(earned))
                if earned
                else 0,
                "balance": outstanding(last),
            }
        )
    return rows
