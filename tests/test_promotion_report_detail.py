from odoo.tests import tagged

from .common import FACTS, ReportingCase, differences, measures_of, planted

MEASURES = {
    "amount": "amount:sum",
    "discount": "discount:sum",
    "total_transactions": "total_transactions:count_distinct",
    "refund_transactions": "refund_transactions:count_distinct",
    "unique_customers": "unique_customers:count_distinct",
    "avg_transaction_value": "avg_transaction_value:avg",
    "discount_depth": "discount_depth:avg",
}


@tagged("post_install", "-at_install")
class TestPromotionReportDetail(ReportingCase):
    """Lines add up to the same figures as orders."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(*FACTS)
        cls.reader = cls.user("reader")

    def model(self):
        return self.env["promotion.report.detail"].with_user(self.reader)

    def test_lines_add_up_to_the_definitions(self):
        self.assertFalse(differences(expected(), self.by_program()))

    def test_the_comparison_notices_a_cent_and_a_customer(self):
        for measure in ("amount", "unique_customers"):
            wrong = planted(expected(), measure, 1)
            self.assertEqual(len(differences(wrong, self.by_program())), 1, measure)

    def test_a_line_keeps_the_identifiers_of_the_source(self):
        line = self.model().search([("order_id", "=", "2")])
        self.assertEqual(
            (line.partner_id, line.program_id),
            (7, self.key("program", "Spring")),
        )
        self.assertEqual(line.customer_key.display_name, "Customer 7")

    def test_identifiers_are_no_measures(self):
        described = self.model().fields_get(attributes=["type", "aggregator"])
        numbers = {
            name
            for name, field in described.items()
            if field["type"] in ("integer", "float", "monetary")
            and field.get("aggregator")
            and name != "id"
        }
        self.assertEqual(
            numbers, {*MEASURES, "qty", "points_earned", "points_redeemed"}
        )

    def by_program(self):
        groups = self.model().formatted_read_group(
            [], ["program_key"], list(MEASURES.values())
        )
        return {
            group["program_key"][1]: {m: group[a] for m, a in MEASURES.items()}
            for group in groups
        }


def expected():
    """Return {program: measures} by the definitions, of facts that have lines."""
    programs = {}
    for fact in FACTS:
        programs.setdefault(fact.program, []).append(fact)
    return {
        program: {m: v for m, v in measures_of(facts).items() if m in MEASURES}
        for program, facts in programs.items()
    }
