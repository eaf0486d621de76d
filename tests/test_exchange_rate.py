from datetime import date
from decimal import Decimal

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestExchangeRate(TransactionCase):
    """Odoo's rates, turned into units of the company's currency, exactly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own, cls.foreign = cls.env["res.currency"].create(
            [{"name": "OWN", "symbol": "O"}, {"name": "FRN", "symbol": "F"}]
        )
        cls.company = cls.env["res.company"].create(
            {"name": "Rates", "currency_id": cls.own.id}
        )

    def rate(self, currency, day, value, company=None):
        self.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "name": day,
                "rate": value,
                "company_id": company and company.id,
            }
        )

    def rates(self, company=None):
        return [
            (rate.valid_from, rate.rate)
            for rate in self.env["loyalty.reporting.pipeline"]._rates()
            if rate.company_id == (company or self.company).id
            and rate.currency == "FRN"
        ]

    def test_a_rate_is_what_one_unit_is_worth(self):
        self.rate(self.foreign, "2024-01-01", 4)
        self.assertEqual(self.rates(), [(date(2024, 1, 1), Decimal("0.25"))])

    def test_it_is_exact_to_many_digits(self):
        self.rate(self.foreign, "2024-01-01", 3)
        [(_day, rate)] = self.rates()
        self.assertLess(abs(rate * 3 - 1), Decimal("1e-15"))

    def test_a_change_of_the_own_currency_changes_it_too(self):
        self.rate(self.foreign, "2024-01-01", 4)
        self.rate(self.own, "2024-02-01", 2)
        self.assertEqual(
            self.rates(),
            [(date(2024, 1, 1), Decimal("0.25")), (date(2024, 2, 1), Decimal("0.5"))],
        )

    def test_the_rate_of_the_company_wins_over_the_shared_one(self):
        self.rate(self.foreign, "2024-01-01", 4)
        self.rate(self.foreign, "2024-01-01", 5, self.company)
        self.assertEqual(self.rates(), [(date(2024, 1, 1), Decimal("0.2"))])

    def test_a_branch_uses_the_rates_of_its_root(self):
        self.rate(self.foreign, "2024-01-01", 5, self.company)
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.assertEqual(self.rates(branch), [(date(2024, 1, 1), Decimal("0.2"))])

    def test_the_own_currency_has_none(self):
        self.rate(self.own, "2024-01-01", 2)
        rates = self.env["loyalty.reporting.pipeline"]._rates()
        self.assertFalse(
            [
                r
                for r in rates
                if r.company_id == self.company.id and r.currency == "OWN"
            ]
        )
