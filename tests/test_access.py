from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import Fact, ReportingCase

FACTS = ("promotion.order", "promotion.report.detail")


@tagged("post_install", "-at_install")
class TestAccess(ReportingCase):
    """Who sees and does what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(
            Fact("1", "2024-01-01", "Spring", 1, 7, (("10", "1"),)),
            Fact("2", "2024-01-01", "Spring", 1, 8, (("20", "2"),), company="b"),
        )
        cls.reader = cls.user("reader")
        cls.manager = cls.user("manager", group="manager")
        cls.stranger = cls.user("stranger", group=None)

    def theirs(self, model):
        rows = self.env[model].search([("company_id", "=", self.companies["b"].id)])
        self.assertTrue(rows)
        return rows

    def test_a_user_sees_no_row_of_another_company(self):
        for model in FACTS:
            rows = self.env[model].with_user(self.reader).search([])
            self.assertEqual(rows.company_id, self.companies["a"], model)
            self.assertEqual(len(rows), 1)

    def test_a_user_reads_no_row_of_another_company_by_its_id(self):
        for model in FACTS:
            with self.assertRaises(AccessError):
                self.theirs(model).with_user(self.reader).read(["amount"])

    def test_a_graph_counts_no_row_of_another_company(self):
        for model in FACTS:
            [group] = (
                self.env[model]
                .with_user(self.reader)
                .formatted_read_group(
                    [], [], ["amount:sum", "unique_customers:count_distinct"]
                )
            )
            self.assertEqual(group["amount:sum"], 10)
            self.assertEqual(group["unique_customers:count_distinct"], 1)

    def test_a_pivot_counts_no_row_of_another_company(self):
        for model in FACTS:
            totals, groups = (
                self.env[model]
                .with_user(self.reader)
                .formatted_read_grouping_sets(
                    [], [[], ["customer_key"]], ["amount:sum", "__count"]
                )
            )
            self.assertEqual(totals[0]["amount:sum"], 10)
            self.assertEqual([g["customer_key"][1] for g in groups], ["Customer 7"])

    def test_a_manager_is_bound_to_the_own_companies_too(self):
        rows = self.env["promotion.order"].with_user(self.manager).search([])
        self.assertEqual(rows.company_id, self.companies["a"])

    def test_without_a_group_nothing_is_seen(self):
        for model in (*FACTS, "loyalty.reporting.run", "loyalty.reporting.source"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.stranger).search([])

    def test_facts_and_the_run_log_are_read_only_for_everyone(self):
        for model in (*FACTS, "loyalty.reporting.run", "loyalty.reporting.dead.letter"):
            for operation in ("create", "write", "unlink"):
                access = self.env[model].with_user(self.manager).has_access(operation)
                self.assertFalse(access, (model, operation))

    def test_only_managers_configure(self):
        for model in (
            "loyalty.reporting.source",
            "loyalty.reporting.company.map",
            "loyalty.reporting.program",
            "loyalty.reporting.customer",
        ):
            records = self.env[model]
            self.assertTrue(records.with_user(self.manager).has_access("write"), model)
            self.assertFalse(records.with_user(self.reader).has_access("write"), model)

    def test_a_user_sees_neither_queries_nor_dead_letters(self):
        source = self.env.ref("loyalty_reporting.source_engine").with_user(self.reader)
        self.assertNotIn("query_ids", source.fields_get())
        for model in (
            "loyalty.reporting.source.query",
            "loyalty.reporting.dead.letter",
        ):
            self.assertFalse(self.env[model].with_user(self.reader).has_access("read"))

    def test_a_user_can_not_run_what_managers_run(self):
        source = self.env.ref("loyalty_reporting.source_engine").with_user(self.reader)
        copy = self.env["loyalty.reporting.clickhouse"].with_user(self.reader).browse(1)
        for action in (source.action_sync, source.action_test, copy.action_rebuild):
            with self.assertRaises(AccessError):
                action()

    def test_the_administrator_is_a_manager(self):
        admin = self.env.ref("base.user_admin")
        group = "loyalty_reporting.group_loyalty_reporting_manager"
        self.assertTrue(admin.has_group(group))
