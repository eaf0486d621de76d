from datetime import date
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..core.queries import REPORTS
from ..core.settings import Settings
from .common import Fact, ReportingCase

PROMOTIONS, LEDGER = "promotions/performance", "points/transactions"
MODEL = "loyalty.reporting.export"


class WizardCase(ReportingCase):
    """The wizard, as a user of some group fills it in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(
            Fact("1", "2023-12-31", "Spring", lines=(("1", "0"),)),
            Fact("2", "2024-02-01", "Spring", 2, lines=(("1", "0"),)),
            Fact("3", "2025-01-01", "Spring", lines=(("1", "0"),), company="b"),
        )
        cls.env.cr.execute(
            """INSERT INTO promotion_day_data
                (company_id, program_key, date, total_transactions,
                refund_transactions, eligible_transactions, applied_transactions,
                rejected_transactions, total_qty, total_amount, total_discount,
                gross_qty, gross_amount, gross_discount, points_earned, points_redeemed)
            SELECT company_id, program_key, date, 1, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0
            FROM promotion_order_data WHERE company_id IN %s""",
            [tuple(company.id for company in cls.companies.values())],
        )
        cls.reader = cls.user("reader")
        pipeline = type(cls.env["loyalty.reporting.pipeline"])
        cls.startClassPatcher(patch.object(pipeline, "_settings", lambda _: Settings()))
        # Members of dimensions are looked up by a cursor of their own.
        cls.registry_enter_test_mode_cls()

    def wizard(self, user=None):
        return self.env[MODEL].with_user(user or self.reader)

    def export(self, user=None, **values):
        return self.wizard(user).create({"report": PROMOTIONS, **values})

    def url(self, user=None, **values):
        action = self.export(user, **values).action_export()
        self.assertEqual(action["type"], "ir.actions.act_url")
        parts = urlsplit(action["url"])
        query = parse_qs(parts.query, keep_blank_values=True)
        return parts.path, {name: value for name, [value] in query.items()}

    def program(self, name="Spring"):
        return self.env["loyalty.reporting.program"].browse(self.key("program", name))


@tagged("post_install", "-at_install")
class TestExport(WizardCase):
    """The wizard asks the reports for files."""

    def test_it_proposes_the_range_of_the_company_s_data(self):
        with Form(self.wizard()) as form:
            self.assertEqual(form.report, PROMOTIONS)
            self.assertEqual(form.date_from, date(2023, 12, 31))
            self.assertEqual(form.date_to, date(2024, 2, 1))

    def test_without_data_it_proposes_today(self):
        self.env.cr.execute("DELETE FROM promotion_day_data")
        self.assertEqual(self.export().date_from, date.today())

    def test_a_short_one_is_downloaded_at_once(self):
        path, query = self.url(group_by="week")
        self.assertEqual(path, f"/api/v1/reports/{PROMOTIONS}")
        self.assertEqual(
            query,
            {
                "date_from": "2023-12-31",
                "date_to": "2024-02-01",
                "group_by": "week",
                "dimensions": "program",
                "measures": ",".join(REPORTS[PROMOTIONS].default_measures),
                "format": "xlsx",
                "company_id": str(self.companies["a"].id),
            },
        )

    def test_a_long_one_is_written_in_the_background(self):
        name = "odoo.addons.loyalty_reporting.wizard.loyalty_reporting_export.AT_ONCE"
        with patch(name, 1):
            action = self.export(group_by="day").action_export()
        self.assertEqual(action.get("tag"), "display_notification", action)
        shown = action["params"]["next"]["res_model"]
        self.assertEqual(shown, "loyalty.reporting.export.job")
        job = self.env[shown].search([("user_id", "=", self.reader.id)])
        self.assertEqual((job.report, job.file_format), (PROMOTIONS, "xlsx"))
        self.assertEqual(job.parameters["group_by"], ["day"])

    def test_more_rows_than_a_workbook_has_room_for_are_refused_at_once(self):
        reader = type(self.env["loyalty.reporting.reader"])
        self.startPatcher(patch.object(reader, "_count", lambda *_: 2_000_000))
        with self.assertRaisesRegex(UserError, "CSV"):
            self.export().action_export()
        self.export(file_format="csv").action_export()

    def test_what_is_chosen_is_asked_for(self):
        catalogue = self.env["loyalty.reporting.catalogue"]
        _path, query = self.url(
            measure_ids=catalogue._named(PROMOTIONS, "measure", ["total_qty"]).ids,
            dimension_ids=catalogue._named(
                PROMOTIONS, "dimension", ["store", "channel"]
            ).ids,
            compare="previous_year",
            program_ids=self.program().ids,
            channels="pos, web",
        )
        self.assertEqual(query["measures"], "total_qty")
        self.assertEqual(query["dimensions"], "store,channel")
        self.assertEqual(query["compare"], "previous_year")
        self.assertEqual(query["program_id"], str(self.program().external_id))
        self.assertEqual(query["channel"], "pos, web")

    def test_without_dimensions_there_is_a_row_for_each_bucket(self):
        self.assertEqual(self.url(dimension_ids=[])[1]["dimensions"], "")

    def test_a_listing_is_asked_for_no_more_than_it_has(self):
        _path, query = self.url(
            report=LEDGER,
            date_from="2024-01-01",
            date_to="2024-01-31",
            file_format="csv",
            transaction_type_ids=self.env["loyalty.reporting.catalogue"]
            ._named(LEDGER, "transaction_type", ["earn", "expire"])
            .ids,
        )
        self.assertNotIn("measures", query)
        self.assertEqual(query["transaction_type"], "earn,expire")
        self.assertEqual((query["format"], query["bom"]), ("csv", "true"))

    def test_a_fault_is_told_as_the_report_tells_it(self):
        with self.assertRaisesRegex(UserError, "no whole number"):
            self.export(
                report=LEDGER, date_from="2024-01-01", date_to="2024-01-31", cards="x"
            ).action_export()

    def test_the_first_day_is_not_after_the_last(self):
        with self.assertRaises(ValidationError):
            self.export(date_from="2024-01-02", date_to="2024-01-01")

    def test_choosing_a_report_chooses_its_columns(self):
        with Form(self.wizard()) as form:
            form.report = "points/activity"
            chosen = form.measure_ids[:]
            self.assertEqual({choice.report for choice in chosen}, {"points/activity"})
            form.date_from, form.date_to = date(2024, 1, 1), date(2024, 1, 31)


@tagged("post_install", "-at_install")
class TestExportRights(WizardCase):
    """Whoever may read a report, may export it, and nobody else."""

    def test_users_of_one_group_export_the_reports_of_that_group(self):
        for group in ("promotions", "membership", "points"):
            user = self.user(f"only {group}", group=group)
            offered = dict(self.wizard(user)._selection_report())
            slugs = [s for s, report in REPORTS.items() if report.audience == group]
            self.assertEqual([*offered], slugs)
            with Form(self.wizard(user)) as form:
                self.assertEqual(form.report, slugs[0])
                form.date_from, form.date_to = date(2024, 1, 1), date(2024, 1, 31)
            path, query = self.url(
                user, report=slugs[0], date_from="2024-01-01", date_to="2024-01-31"
            )
            self.assertTrue(path.endswith(slugs[0]))

    def test_a_report_of_another_group_is_refused(self):
        user = self.user("only points", group="points")
        with self.assertRaises(AccessError):
            self.export(
                user, date_from="2024-01-01", date_to="2024-01-31"
            ).action_export()

    def test_without_a_group_there_is_no_wizard(self):
        user = self.user("nobody", group=None)
        with self.assertRaises(AccessError):
            self.wizard(user).create({})

    def test_another_company_is_not_there(self):
        other = self.companies["b"]
        export = self.export()
        export.sudo().company_id = other
        export.write({"date_from": "2024-01-01", "date_to": "2024-01-31"})
        with self.assertRaisesRegex(UserError, "no company"):
            export.action_export()


@tagged("post_install", "-at_install")
class TestExportOfView(WizardCase):
    """What a view shows, as the wizard's values."""

    def filled(self, domain=(), model="promotion.order", context=None, group_by=()):
        wizard = self.wizard()
        action = wizard.action_of_view(model, [*domain], context, group_by)
        self.assertEqual(action["res_model"], MODEL)
        found = action["context"]
        left_out = found.pop("default_left_out")
        values = {n.removeprefix("default_"): v for n, v in found.items()}
        return values, left_out.split("\n") if left_out else []

    def said(self, *domain):
        values, left_out = self.filled(domain)
        self.assertEqual(left_out, [])
        return values

    def left_out(self, *domain):
        return self.filled(domain)[1]

    def names(self, ids, kind="catalogue", field="name"):
        return self.env[f"loyalty.reporting.{kind}"].browse(ids).mapped(field)

    def test_days_become_the_period(self):
        for domain, period in (
            ([("date", ">=", "2024-01-01"), ("date", "<=", "2024-01-31")], (1, 31)),
            ([("date", ">", "2024-01-01"), ("date", "<", "2024-01-31")], (2, 30)),
            ([("date", "=", "2024-01-05")], (5, 5)),
            (
                ["|", ("date", "=", "2024-01-05"), ("date", "=", "2024-01-06")],
                (5, 6),
            ),
            (
                ["|", "&", ("date", ">=", "2024-01-01"), ("date", "<=", "2024-01-09")]
                + ["&", ("date", ">=", "2024-01-10"), ("date", "<=", "2024-01-20")],
                (1, 20),
            ),
        ):
            with self.subTest(domain):
                values = self.said(*domain)
                expected = [f"2024-01-{day:02}" for day in period]
                self.assertEqual([values["date_from"], values["date_to"]], expected)

    def test_days_with_others_between_them_are_told(self):
        domain = ["|", ("date", "=", "2024-01-05"), ("date", "=", "2024-01-07")]
        [told] = self.left_out(*domain)
        self.assertIn("2024-01-05", told)
        self.assertIn("2024-01-07", told)

    def test_a_period_of_no_day_is_told(self):
        values, left_out = self.filled(
            [("date", ">=", "2024-02-01"), ("date", "<=", "2024-01-31")]
        )
        self.assertEqual(len(left_out), 1)
        self.assertEqual(len({"date_from", "date_to"} & {*values}), 1)

    def test_programs_and_stores_are_found_by_number_or_name(self):
        spring = self.program()
        for domain in (
            [("program_key", "=", spring.id)],
            [("program_key", "in", spring.ids)],
            [("program_key", "ilike", "sprin")],
            [("program_key.name", "=", "Spring")],
            ["|", ("program_key", "=", spring.id), ("program_key", "ilike", "Sprin")],
        ):
            with self.subTest(domain):
                found = self.said(*domain, ("program_key", "in", spring.ids))
                found = found["program_ids"]
                self.assertEqual(found, spring.ids)
        shop = self.key("shop", 2)
        self.assertEqual(self.said(("shop_key", "=", shop))["shop_ids"], [shop])

    def test_texts_are_found_as_written_or_in_part(self):
        self.assertEqual(self.said(("channel", "=", "pos"))["channels"], "pos")
        self.assertEqual(self.said(("channel", "ilike", "PO"))["channels"], "pos")
        both = ["|", ("channel", "=", "web"), ("channel", "=", "pos")]
        self.assertEqual(self.said(*both)["channels"], "pos,web")

    def test_what_no_parameter_says_is_told_and_the_rest_is_kept(self):
        values, left_out = self.filled(
            [
                ("is_refund", "=", True),
                ("discount", "!=", 0),
                ("customer_key", "!=", False),
                ("channel", "!=", "web"),
                ("shop_key", "=", False),
                ("program_key", "=", self.program().id),
                "|",
                ("channel", "=", "pos"),
                ("program_type", "=", "coupons"),
            ]
        )
        self.assertEqual(values["program_ids"], self.program().ids)
        self.assertNotIn("channels", values)
        for words in ("Refund = True", "Discount", "Customer", "Channel ≠ web"):
            self.assertTrue([t for t in left_out if words in t], (words, left_out))
        self.assertIn("(Channel = pos or Program Type = coupons)", left_out)
        self.assertEqual(len(left_out), 6)

    def test_instants_are_no_business_days(self):
        [told] = self.left_out(("transaction_date", ">=", "2024-01-01 00:00:00"))
        self.assertIn("Time", told)

    def test_a_company_is_kept_if_it_is_one(self):
        mine = self.companies["a"]
        self.assertEqual(self.said(("company_id", "=", mine.id))["company_id"], mine.id)
        self.assertTrue(self.left_out(("company_id", "=", self.companies["b"].id)))

    def test_a_pivot_s_measures_and_groups_are_taken_over(self):
        context = {
            "pivot_measures": ["amount", "unique_customers", "__count"],
            "pivot_row_groupby": ["program_key", "customer_key"],
            "pivot_column_groupby": ["date:month"],
        }
        values, left_out = self.filled(context=context)
        measures = self.names(values["measure_ids"])
        self.assertEqual({*measures}, {"total_amount", "unique_customers"})
        self.assertEqual(self.names(values["dimension_ids"]), ["program"])
        self.assertEqual(values["group_by"], "month")
        self.assertEqual(left_out, ["Grouped by Customer", "Measure: Count"])

    def test_a_pivot_without_time_has_one_row_for_the_period(self):
        context = {"pivot_measures": ["amount"], "pivot_row_groupby": ["shop_key"]}
        values, _left_out = self.filled(context=context)
        self.assertEqual(values["group_by"], "period")
        self.assertEqual(self.names(values["dimension_ids"]), ["store"])

    def test_iso_weeks_are_weeks(self):
        values, _left_out = self.filled(group_by=["week:day", "channel"])
        self.assertEqual(values["group_by"], "week")

    def test_points_and_memberships_are_taken_over_too(self):
        context = {
            "pivot_measures": ["points_earned", "transactions"],
            "pivot_row_groupby": ["transaction_type", "week:day"],
        }
        domain = [("transaction_type", "in", ["earn", "redeem"])]
        values, left_out = self.filled(domain, "point.analytics", context)
        self.assertEqual(left_out, [])
        self.assertEqual(values["report"], "points/activity")
        types = self.names(values["transaction_type_ids"])
        self.assertEqual({*types}, {"earn", "redeem"})
        self.assertEqual(self.names(values["dimension_ids"]), ["transaction_type"])
        self.assertEqual(values["group_by"], "week")
        context = {"pivot_measures": ["members", "new_members"]}
        domain = [("membership_level", "=", "Gold")]
        values, left_out = self.filled(domain, "membership.analytics", context)
        self.assertEqual((values["levels"], left_out), ("Gold", []))
        self.assertEqual(
            {*self.names(values["measure_ids"])}, {"members", "new_members"}
        )

    def test_the_file_has_the_rows_of_the_view(self):
        spring = self.program()
        domain = [("program_key", "=", spring.id), ("date", "<=", "2024-01-31")]
        values, _left_out = self.filled(domain, context={"pivot_measures": ["amount"]})
        with Form(self.wizard().with_context(**self._defaults(values))) as form:
            self.assertEqual(form.date_to, date(2024, 1, 31))
            self.assertEqual(form.date_from, date(2023, 12, 31))
        export = form.save()
        self.assertEqual(export._given()["program_id"], str(spring.external_id))
        self.assertEqual(export._given()["measures"], "total_amount")

    def _defaults(self, values):
        return {f"default_{name}": value for name, value in values.items()}

    def test_rows_that_no_report_counts_are_refused(self):
        with self.assertRaises(UserError):
            self.wizard().action_of_view("res.partner", [])

    def test_users_who_may_not_see_the_rows_are_refused(self):
        user = self.user("only points", group="points")
        with self.assertRaises(AccessError):
            self.wizard(user).action_of_view("promotion.order", [])
