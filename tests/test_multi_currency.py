from odoo.tests import tagged

from .common import Fact, ReportingCase

MONEY = ["amount:sum", "amount:sum_currency", "avg_transaction_value:avg"]


@tagged("post_install", "-at_install")
class TestMultiCurrency(ReportingCase):
    """Money is never summed across currencies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.env.ref("base.CHF")
        other.active = True
        cls.companies["b"].currency_id = other
        cls.add(
            Fact("1", "2024-01-01", "Spring", lines=(("1.50", "0"),)),
            Fact("2", "2024-01-01", "Spring", lines=(("2.50", "0"),), company="b"),
        )
        cls.both = cls.user("both")
        cls.both.company_ids |= cls.companies["b"]

    def read(self, groupby):
        companies = self.companies["a"] | self.companies["b"]
        model = self.env["promotion.order"].with_user(self.both)
        groups = model.with_context(allowed_company_ids=companies.ids)._read_group(
            [("company_id", "in", companies.ids)],
            groupby,
            [*MONEY, "total_transactions:count_distinct"],
        )
        return [group[-4:] for group in groups]

    def test_a_sum_over_two_currencies_is_empty(self):
        self.assertEqual(self.read([]), [(False, False, False, 2)])

    def test_a_sum_in_one_currency_is_there(self):
        self.assertEqual(
            self.read(["company_id"]), [(1.5, 1.5, 1.5, 1), (2.5, 2.5, 2.5, 1)]
        )
