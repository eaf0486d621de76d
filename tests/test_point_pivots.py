from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .members import MembersCase

FLOWS = ("points_earned:sum", "points_redeemed:sum", "points_expired:sum",
         "points_adjusted:sum")  # fmt: skip
BALANCE = "balance:max"


@tagged("post_install", "-at_install")
class TestPointPivots(MembersCase):
    """The ledger's rows, added up by type, and what is outstanding."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Card 1 held 100 points before its first row.
        cls.book(1, "2024-01-10", "earn", 10, 110)
        cls.book(1, "2024-02-10", "redeem", 50, 60)
        cls.book(2, "2024-02-11", "earn", 40, 40, customer=8)
        cls.book(2, "2024-02-12", "reverse", 15, 25, customer=8)
        cls.book(2, "2024-04-01", "expire", 5, 20, customer=8)
        cls.book(3, "2024-04-02", "adjust", -2, None, customer=None)
        cls.book(4, "2024-04-02", "earn", 1000, 1000, company="b")
        cls.roll_up()
        cls.reader = cls.user("ledger", group="points")

    def model(self):
        return self.env["point.analytics"].with_user(self.reader)

    def groups(self, domain, groupby, *measures):
        found = self.model().formatted_read_group(domain, groupby, measures)
        return [tuple(group[measure] for measure in measures) for group in found]

    def test_flows_are_told_apart_and_a_reverse_takes_back_what_was_earned(self):
        self.assertEqual(self.groups([], [], *FLOWS), [(35.0, 50.0, 5.0, -2.0)])

    def test_flows_and_balance_close_month_by_month(self):
        found = self.groups([], ["date:month"], "points_net:sum", BALANCE)
        self.assertEqual(found, [(10.0, 110.0), (-25.0, 85.0), (-7.0, 78.0)])

    def test_the_balance_of_a_period_has_what_was_booked_before_it(self):
        april = [("date", ">=", "2024-04-01"), ("date", "<=", "2024-04-30")]
        self.assertEqual(self.groups(april, [], BALANCE), [(78.0,)])
        self.assertEqual(self.groups(april, ["card_key"], BALANCE), [(20.0,), (-2.0,)])
        self.assertEqual(self.groups(april, ["program_key"], BALANCE), [(78.0,)])

    def test_the_balance_is_one_number_over_all_types(self):
        found = self.groups([], ["transaction_type"], BALANCE)
        self.assertEqual(set(found), {(False,)})
        earned = [("transaction_type", "=", "earn")]
        self.assertEqual(self.groups(earned, [], BALANCE), [(False,)])

    def test_the_redemption_rate_is_a_ratio_of_sums(self):
        by_card = self.groups([], ["card_key"], "redemption_rate:avg")
        self.assertEqual(by_card, [(5.0,), (0.0,), (False,)])
        [(total,)] = self.groups([], [], "redemption_rate:avg")
        self.assertAlmostEqual(total, 50 / 35)

    def test_cards_and_customers_are_distinct(self):
        measures = ("transactions:sum", "cards:count_distinct",
                    "unique_customers:count_distinct")  # fmt: skip
        self.assertEqual(self.groups([], [], *measures), [(6, 3, 2)])

    def test_a_card_is_called_and_found_by_its_number(self):
        cards = self.env["loyalty.reporting.card"].with_user(self.reader)
        [(found, name)] = cards.name_search("Card 2")
        self.assertEqual((found, name), (self.card(2), "Card 2"))
        rows = self.model().search([("card_key", "ilike", "2")])
        self.assertEqual(len(rows), 3)
        action = rows[0].action_open_card()
        self.assertEqual(self.model().search(action["domain"]), rows)

    def test_a_row_is_found_by_its_id(self):
        row = self.model().search([("transaction_type", "=", "expire")])
        self.assertEqual(self.model().search([("id", "=", row.id)]), row)
        self.assertEqual(row.balance_change, -5)

    def test_a_day_s_rows_are_found_whatever_the_company_s_zone(self):
        # 14 hours before UTC's noon it is the day before, 14 hours after it the next.
        self.book(5, "2024-06-15", "earn", 1, 1, date=date(2024, 6, 14))
        self.book(5, "2024-06-15", "earn", 2, 3, date=date(2024, 6, 16))
        self.env.invalidate_all()
        for day, points in (("2024-06-14", 1), ("2024-06-16", 2)):
            for operator in ("=", ">=", "<=", "in"):
                value = [day] if operator == "in" else day
                domain = [("card_key", "=", self.card(5)), ("date", operator, value)]
                found = self.model().search(domain)
                self.assertIn(points, found.mapped("points_earned"), (day, operator))

    def test_rows_of_other_companies_and_without_the_group_are_not_there(self):
        self.assertEqual(self.model().search([]).company_id, self.companies["a"])
        for group in ("promotions", "membership"):
            other = self.user(f"of {group}", group=group)
            with self.assertRaises(AccessError):
                self.model().with_user(other).formatted_read_group([], [], ["__count"])
