"""Pivots, graphs and lists of months that are archived in part."""

import json
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import DETAIL, ORDER, Fact, ReportingCase

SHOWN = {"loyalty_reporting_horizon_shown": True}
LINES, ORDERS = "promotion.report.detail", "promotion.order"
# Instant (UTC), amount; the second one lies in the same day in New York as the first,
# and in the same day in Jakarta as the third.
SALES = (
    (datetime(2024, 1, 31, 20), 10),
    (datetime(2024, 2, 1, 2), 20),
    (datetime(2024, 2, 1, 18), 40),
    (datetime(2024, 2, 20, 12), 80),
)
ZONES = {
    # The day of each sale, and the first day that is here as a whole.
    "America/New_York": ((1, 31), (1, 31), (2, 1), (2, 20), (2, 1)),
    "Asia/Jakarta": ((2, 1), (2, 1), (2, 2), (2, 20), (2, 2)),
}


@tagged("post_install", "-at_install")
class TestHorizon(ReportingCase):
    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.reader = self.user("horizon_reader")

    def report(self, zone):
        """Have company A sell in a time zone. Returns its first whole day."""
        company = self.companies["a"]
        company.loyalty_reporting_tz = zone
        *days, since = (date(2024, *day) for day in ZONES[zone])
        for (instant, amount), day in zip(SALES, days, strict=True):
            fact = Fact(str(amount), day.isoformat(), "Spring", lines=((amount, 0),))
            row = {**self._row(fact), "transaction_date": instant, "hour": instant}
            self._insert(ORDER, {**row, **self._grain(fact)})
            line = self._detail(fact, row, fact.lines[0])
            self._insert(DETAIL, {**line, "line_id": 1})
        self.env.invalidate_all()
        return since

    def leave(self):
        """Take January out, in both tiers."""
        for table in (DETAIL, ORDER):
            self.env.cr.execute(
                f"DELETE FROM {table} WHERE transaction_date < '2024-02-01'"  # pylint: disable=sql-injection
            )
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_archive (month, tier, state) VALUES"
            " ('2024-01-01', 'detail', 'archived'), ('2024-01-01', 'aggregate', 'archived')"
        )

    def of(self, model, **context):
        return self.env[model].with_user(self.reader).with_context(**context)

    def pivot(self, model, domain=(), **context):
        """The amount that a pivot shows in all."""
        [[total]] = self.of(model, **context).formatted_read_grouping_sets(
            [*domain], [[]], ["amount:sum"]
        )
        return total["amount:sum"]

    def graph(self, model, domain=(), **context):
        """{month: amount} of a graph."""
        found = self.of(model, **context).formatted_read_group(
            [*domain], ["date:month"], ["amount:sum"]
        )
        return {g["date:month"][0]: g["amount:sum"] for g in found}

    def test_under_the_notice_whole_days_are_shown(self):
        for zone in ZONES:
            with self.subTest(zone=zone):
                self.env.cr.execute("SAVEPOINT zone")
                since = self.report(zone)
                for model in (LINES, ORDERS):
                    self.assertEqual(self.pivot(model, **SHOWN), 150)
                self.leave()
                # Of the day before, one of two sales is here.
                for model in (LINES, ORDERS):
                    self.assertEqual(self.pivot(model, **SHOWN), 120)
                    self.assertEqual(self.graph(model, **SHOWN), {"2024-02-01": 120})
                    self.assertEqual(
                        self.pivot(model, [("date", "<", since)], **SHOWN), False
                    )
                    [notice] = self.health().horizon(None, model)
                    self.assertEqual(
                        notice["message"], f"Rows before {since:%m/%d/%Y} are archived."
                    )
                self.env.cr.execute("ROLLBACK TO SAVEPOINT zone")
                self.env.invalidate_all()

    def test_without_a_notice_periods_are_refused_to_the_day(self):
        for zone in ZONES:
            with self.subTest(zone=zone):
                self.env.cr.execute("SAVEPOINT zone")
                since = self.report(zone)
                self.leave()
                before = [("date", ">=", since - timedelta(days=1))]
                for model in (LINES, ORDERS):
                    self.assertEqual(self.pivot(model, [("date", ">=", since)]), 120)
                    for domain in ([], before):
                        with self.assertRaisesRegex(UserError, f"from {since} on"):
                            self.pivot(model, domain)
                self.env.cr.execute("ROLLBACK TO SAVEPOINT zone")
                self.env.invalidate_all()

    def test_groups_of_a_list_hold_the_rows_that_it_shows(self):
        self.report("America/New_York")
        self.leave()
        for model in (LINES, ORDERS):
            found = self.of(model, **SHOWN).web_read_group(
                [], ["date:month"], ["amount:sum"]
            )
            amounts = [group["amount:sum"] for group in found["groups"]]
            self.assertEqual(sorted(amounts), [20, 120])
            rows = self.of(model).search_read([], ["amount"])
            self.assertEqual(sum(row["amount"] for row in rows), 140)

    def test_what_leaves_while_it_is_read_is_not_missing(self):
        self.report("America/New_York")
        self.env.cr.execute("SAVEPOINT here")
        for model in (LINES, ORDERS):
            for shown, expected in ((SHOWN, 120), ({}, UserError)):
                with (
                    self.subTest(model=model, expected=expected),
                    self.left_in_between(),
                ):
                    if expected is UserError:
                        with self.assertRaisesRegex(UserError, "from 2024-02-01 on"):
                            self.pivot(model)
                    else:
                        self.assertEqual(self.pivot(model, **shown), expected)
                self.env.cr.execute("ROLLBACK TO SAVEPOINT here")
                self.env.invalidate_all()

    @contextmanager
    def left_in_between(self):
        """January leaves as soon as a first look has been taken at what is here."""
        looks = []

        @contextmanager
        def younger(_reader):
            if not looks:
                self.leave()
            looks.append(1)
            yield self.env.cr

        reader = type(self.env["loyalty.reporting.reader"])
        with patch.object(reader, "_primary_cursor", younger):
            yield
        self.assertTrue(looks)

    def health(self):
        return self.env["loyalty.reporting.health"].with_user(self.reader)

    def test_days_count_in_the_zone_in_which_they_are_cut(self):
        since = self.report("Asia/Jakarta")
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_company VALUES (%s, 'Asia/Jakarta', 'USD', 2)",
            [self.companies["a"].id],
        )
        # The company has another zone now, in which nothing is cut yet.
        self.companies["a"].loyalty_reporting_tz = "America/New_York"
        self.leave()
        self.assertEqual(self.pivot(ORDERS, **SHOWN), 120)
        self.assertEqual(self.pivot(ORDERS, [("date", ">=", since)]), 120)
        [notice] = self.health().horizon(None, ORDERS)
        self.assertIn(f"{since:%m/%d/%Y}", notice["message"])
        answer = self.panels(date_from="2024-02-01")
        self.assertEqual(answer["time_zone"], "Asia/Jakarta")
        self.assertEqual(answer["left_out"]["programs"]["since"], since.isoformat())
        told = json.loads(answer["panels"]["programs"].encoded_json)["meta"]
        self.assertEqual(told["time_zone"], "Asia/Jakarta")

    def test_the_notice_says_where_more_is_told(self):
        self.report("America/New_York")
        self.leave()
        for model, words in (
            (ORDERS, "Totals here begin then"),
            ("membership.analytics", "are not concerned"),
        ):
            [notice] = self.health().horizon(None, model)
            self.assertIn(words, notice["reason"])
        self.assertEqual(self.health().horizon(None, "membership.event"), [])
        self.assertEqual(self.health().horizon(None, "res.partner"), [])

    def panels(self, **dates):
        """What the dashboard answers about some days."""
        asked = {"date_from": "2024-02-01", "date_to": "2024-02-20", **dates}
        asked["company_id"] = self.companies["a"].id
        model = self.env["loyalty.reporting.dashboard"].with_user(self.reader)
        return model._dashboard(asked)

    def dashboard(self, name, **dates):
        """(totals of a panel, measures that it leaves out, since when they are told)."""
        found = self.panels(**dates)
        panel, less = found["panels"][name], found["left_out"].get(name, {})
        totals = json.loads(panel.encoded_json).get("totals") if panel else None
        return totals, less.get("measures"), less.get("since")

    def test_a_dashboard_is_shown_without_what_it_would_be_compared_with(self):
        self.report("America/New_York")
        self.leave()
        totals, *_less = self.dashboard("programs", date_from="2024-02-12")
        self.assertIn("previous_total_amount", totals)
        totals, *less = self.dashboard("programs")
        self.assertNotIn("previous_total_amount", totals)
        self.assertEqual(totals["total_transactions"], 2)
        self.assertEqual(less, [None, None])

    def test_of_archived_months_a_dashboard_tells_what_sums_by_day_know(self):
        since = self.report("America/New_York").isoformat()
        self.env.cr.execute(
            "INSERT INTO promotion_day_data SELECT company_id, program_key, date,"
            " count(*), 0, 0, 0, 0, 0, sum(amount), sum(discount), 0, 0, 0, 0, 0"
            f" FROM {ORDER} WHERE company_id = %s GROUP BY 1, 2, 3",  # pylint: disable=sql-injection
            [self.companies["a"].id],
        )
        self.leave()
        january = {"date_from": "2024-01-31"}
        totals, left_out, told_since = self.dashboard("programs", **january)
        self.assertEqual(totals["total_amount"], 150)
        self.assertFalse(totals.keys() & {*left_out})
        self.assertIn("total_transactions", left_out)
        self.assertEqual(told_since, since)
        nothing, left_out, told_since = self.dashboard(
            "membership_over_time", **january
        )
        self.assertIsNone(nothing)
        self.assertEqual(left_out, ["new_members", "active_members"])
        self.assertEqual(told_since, since)
        totals, *less = self.dashboard("points", **january)
        self.assertIn("balance", totals)
        self.assertEqual(less, [None, None])
