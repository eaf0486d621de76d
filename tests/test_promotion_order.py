from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged

from .common import FACTS, Fact, ReportingCase, differences, measures_of, planted

MEASURES = {
    "amount": "amount:sum",
    "discount": "discount:sum",
    "total_transactions": "total_transactions:count_distinct",
    "refund_transactions": "refund_transactions:count_distinct",
    "unique_customers": "unique_customers:count_distinct",
    "eligible_transactions": "eligible_transactions:count_distinct",
    "applied_transactions": "applied_transactions:count_distinct",
    "rejected_transactions": "rejected_transactions:count_distinct",
    "avg_transaction_value": "avg_transaction_value:avg",
    "discount_depth": "discount_depth:avg",
    "conversion_rate": "conversion_rate:avg",
}
WEEKS = {day: date.fromisoformat(day).isocalendar() for day in {f.day for f in FACTS}}
# How a fact falls into a group: groupby → the label of the fact's group.
GROUPINGS = {
    "program_key": lambda f: f.program,
    "program_type": lambda f: "coupons" if f.program == "Spring" else "loyalty",
    "shop_key": lambda f: str(f.shop) if f.shop else False,
    "channel": lambda f: "pos",
    "customer_key": lambda f: f"Customer {f.customer}" if f.customer else False,
    "date:day": lambda f: f.day,
    "week:day": lambda f: date.fromisocalendar(*WEEKS[f.day][:2], 1).isoformat(),
    "date:month": lambda f: f.day[:7] + "-01",
    "date:year": lambda f: f.day[:4] + "-01-01",
}


@tagged("post_install", "-at_install")
class TestPromotionOrder(ReportingCase):
    """Totals are right at every grouping, in graphs, pivots and their totals."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(
            *FACTS, Fact("99", "2024-01-01", "Spring", 1, 7, (("1", "1"),), company="b")
        )
        cls.reader = cls.user("reader")

    def model(self):
        return self.env["promotion.order"].with_user(self.reader)

    def test_every_grouping_equals_the_definitions(self):
        for groupby in GROUPINGS:
            with self.subTest(groupby):
                self.assertFalse(
                    differences(expected([groupby]), self.graph([groupby]))
                )

    def test_the_comparison_notices_a_cent_and_a_customer(self):
        truth = expected(["date:month"])
        for measure, fault in (("amount", Decimal("0.01")), ("unique_customers", 1)):
            wrong = planted(truth, measure, fault)
            self.assertEqual(
                len(differences(wrong, self.graph(["date:month"]))), 1, measure
            )

    def test_the_comparison_notices_a_missing_and_a_surplus_group(self):
        truth = expected(["program_key"])
        missing = {group: truth[group] for group in list(truth)[1:]}
        self.assertTrue(differences(truth, missing))
        self.assertTrue(differences(missing, truth))

    def test_a_pivot_equals_the_definitions_in_all_its_totals(self):
        sets = [[], ["program_key"], ["date:month"], ["program_key", "date:month"]]
        for groupby, groups in zip(sets, self.pivot(sets), strict=True):
            with self.subTest(groupby):
                self.assertFalse(differences(expected(groupby), groups))

    def test_customers_and_orders_are_not_the_sum_of_their_groups(self):
        [total], by_program = (
            list(groups.values()) for groups in self.pivot([[], ["program_key"]])
        )
        for measure in ("unique_customers", "total_transactions"):
            parts = sum(group[measure] for group in by_program)
            self.assertLess(total[measure], parts, measure)

    def test_a_graph_can_be_sorted_and_filtered_by_a_ratio(self):
        groups = self.model().formatted_read_group(
            [],
            ["program_key"],
            [MEASURES["discount_depth"]],
            having=[(MEASURES["discount_depth"], ">", 0)],
            order=f"{MEASURES['discount_depth']} desc",
        )
        self.assertEqual([group["program_key"][1] for group in groups], ["Spring"])

    def test_groups_are_in_the_order_of_their_names(self):
        sets = [["program_key", "date:month"], ["date:month", "shop_key"], []]
        for asked in (sets, [["customer_key", "program_key"]]):
            order = ", ".join(dict.fromkeys(spec for by in asked for spec in by))
            found = self.model()._read_grouping_sets([], asked, ["__count"], order)
            with patch.object(type(self.model()), "_is_by_name", lambda *_: False):
                slowly = self.model()._read_grouping_sets([], asked, ["__count"], order)
            self.assertEqual(found, slowly)
        names = [group["program_key"][1] for group in self.model().formatted_read_group(
            [], ["program_key"], ["__count"])]  # fmt: skip
        self.assertEqual(names, ["Points", "Spring"])
        self.assertGreater(self.key("program", "Points"), self.key("program", "Spring"))

    def test_a_group_leads_to_its_rows(self):
        [group] = self.model().formatted_read_group(
            [("program_key", "=", self.key("program", "Points"))],
            ["date:month"],
            ["__count"],
        )[1:]
        rows = self.model().search(group["__extra_domain"])
        self.assertEqual(
            set(rows.mapped("date")), {date(2024, 1, 1), date(2024, 1, 31)}
        )

    def test_a_row_shows_its_own_measures(self):
        row = self.model().search(
            [
                ("program_key", "=", self.key("program", "Spring")),
                ("is_refund", "=", True),
            ]
        )
        self.assertEqual((row.total_transactions, row.refund_transactions), (0, 1))
        self.assertEqual(row.amount, -3.33)

    def test_a_row_is_found_by_its_id_and_opens_its_lines(self):
        row = self.model().search([("date", "=", "2023-12-31"), ("amount", "<", 20)])
        self.assertEqual(self.model().search([("id", "in", row.ids)]), row)
        self.assertFalse(self.model().search([("id", "=", row.id + 1000)]))
        action = row.action_open_lines()
        lines = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(sorted(lines.mapped("amount")), [5.0, 10.01])

    def graph(self, groupby):
        return table(
            self.model().formatted_read_group([], groupby, list(MEASURES.values())),
            groupby,
        )

    def pivot(self, sets):
        answer = self.model().formatted_read_grouping_sets(
            [], sets, list(MEASURES.values())
        )
        return [table(groups, by) for groups, by in zip(answer, sets, strict=True)]


def expected(groupby):
    """Return {group: measures} by the definitions."""
    groups = {}
    for fact in FACTS:
        groups.setdefault(tuple(GROUPINGS[g](fact) for g in groupby), []).append(fact)
    return {group: measures_of(facts) for group, facts in groups.items()}


def table(groups, groupby):
    """Return {group: measures} as Odoo answered."""
    return {
        tuple(label(group[g], g) for g in groupby): {
            measure: group[aggregate] for measure, aggregate in MEASURES.items()
        }
        for group in groups
    }


def label(value, groupby):
    """Return what a group is called: a day for dates, the name of a record."""
    if isinstance(value, (list, tuple)):
        return value[0] if ":" in groupby else value[1]
    return value
