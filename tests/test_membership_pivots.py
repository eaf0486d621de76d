from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .members import MembersCase

MEMBERS = "members:max"
MARCH = [("date", ">=", "2024-03-01"), ("date", "<=", "2024-03-31")]


@tagged("post_install", "-at_install")
class TestMembershipPivots(MembersCase):
    """Distinct members, ratios of sums, and who holds a level at the end of a bucket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # 7 joins in January and is Gold from March on; 8 joins in March and leaves in
        # May; 9 joins in both companies.
        cls.day(
            7,
            "2024-01-10",
            "Silver",
            is_joined=True,
            member_change=1,
            transactions=1,
            spending=10,
        )
        cls.day(7, "2024-02-10", "Silver", transactions=2, spending=30)
        cls.day(7, "2024-03-10", "Silver", member_change=-1)
        cls.day(
            7,
            "2024-03-10",
            "Gold",
            is_upgraded=True,
            member_change=1,
            transactions=1,
            spending=5,
        )
        cls.day(
            8,
            "2024-03-11",
            "Silver",
            is_joined=True,
            member_change=1,
            transactions=1,
            spending="20.01",
        )
        cls.day(8, "2024-05-01", "Silver", member_change=-1)
        cls.day(9, "2024-03-12", "Silver", is_joined=True, member_change=1)
        cls.day(9, "2024-03-12", "Silver", "b", is_joined=True, member_change=1)
        cls.join = cls.event(7, "2024-01-10", "join", (None, "Silver"))
        cls.event(7, "2024-03-10", "upgrade", ("Silver", "Gold"))
        cls.event(9, "2024-03-12", "join", (None, "Silver"), company="b")
        cls.roll_up()
        cls.reader = cls.user("members", group="membership")

    def model(self, name="membership.analytics"):
        return self.env[name].with_user(self.reader)

    def groups(self, domain, groupby, *measures):
        """Return {values: measures} of groups."""
        found = self.model().formatted_read_group(domain, groupby, measures)
        return {
            tuple(_value(group[by], by) for by in groupby): tuple(
                group[measure] for measure in measures
            )
            for group in found
        }

    def test_members_are_those_at_the_end_of_each_bucket(self):
        self.assertEqual(
            self.groups([], ["date:month"], MEMBERS),
            {
                ("2024-01-01",): (1,),
                ("2024-02-01",): (1,),
                ("2024-03-01",): (3,),
                ("2024-05-01",): (2,),
            },
        )

    def test_members_of_a_level_include_who_joined_before_the_period(self):
        self.assertEqual(
            self.groups(MARCH, ["membership_level"], MEMBERS),
            {("Gold",): (1,), ("Silver",): (2,)},
        )
        self.assertEqual(self.groups(MARCH, [], MEMBERS), {(): (3,)})
        until_11 = [("date", ">=", "2024-03-01"), ("date", "<=", "2024-03-11")]
        self.assertEqual(self.groups(until_11, [], MEMBERS), {(): (2,)})

    def test_members_of_periods_that_are_apart_are_those_of_each_one_s_end(self):
        first_and_third = [
            "|", "&", ("date", ">=", "2024-01-01"), ("date", "<=", "2024-01-31"),
            "&", ("date", ">=", "2024-03-01"), ("date", "<=", "2024-03-31"),
        ]  # fmt: skip
        self.assertEqual(
            self.groups(first_and_third, ["date:month"], MEMBERS),
            {("2024-01-01",): (1,), ("2024-03-01",): (3,)},
        )

    def test_members_of_a_period_without_rows_are_unknown(self):
        never = [("date", ">=", "2030-01-01")]
        self.assertEqual(self.groups(never, [], MEMBERS), {(): (False,)})

    def test_members_of_all_totals_of_a_pivot(self):
        sets = [[], ["date:quarter"], ["membership_level"],
                ["membership_level", "date:quarter"]]  # fmt: skip
        found = self.model().formatted_read_grouping_sets([], sets, [MEMBERS])
        values = [[group[MEMBERS] for group in groups] for groups in found]
        # Silver: 7, 9 and 8 in the first quarter, without 7, and then without 8.
        self.assertEqual(values, [[2], [3, 2], [1, 1], [1, 2, 1]])

    def test_members_of_a_customer(self):
        by = ["customer_key", "date:month"]
        found = self.groups(
            [("customer_key", "=", self.key("customer", 8))], by, MEMBERS
        )
        self.assertEqual([*found.values()], [(1,), (0,)])

    def test_members_are_empty_where_changes_are_left_out(self):
        found = self.groups([("active_members", "=", 1)], [], MEMBERS, "__count")
        self.assertEqual(found, {(): (False, 4)})
        or_level = [
            "|",
            ("date", ">=", "2024-03-01"),
            ("membership_level", "=", "Gold"),
        ]
        self.assertEqual(self.groups(or_level, [], MEMBERS), {(): (False,)})

    def test_groups_cannot_be_ordered_by_members(self):
        with self.assertRaisesRegex(UserError, "last value"):
            self.model().formatted_read_group(
                [], ["membership_level"], [MEMBERS], order=f"{MEMBERS} desc"
            )

    def test_active_members_are_distinct_and_their_average_a_ratio_of_sums(self):
        measures = ("active_members:count_distinct", "total_spending:sum",
                    "avg_spending:avg")  # fmt: skip
        self.assertEqual(
            self.groups([], ["membership_level"], *measures),
            {("Gold",): (1, 5.0, 5.0), ("Silver",): (2, 60.01, 30.005)},
        )
        self.assertEqual(self.groups([], [], *measures), {(): (2, 65.01, 32.505)})

    def test_who_joined_and_moved_up_counts_at_the_level_they_came_to(self):
        measures = ("new_members:count_distinct", "upgraded_members:count_distinct")
        self.assertEqual(
            self.groups([], ["membership_level"], *measures),
            {("Gold",): (0, 1), ("Silver",): (3, 0)},
        )

    def test_a_day_is_found_by_its_id_and_leads_to_its_events(self):
        row = self.model().search([("upgraded_members", "=", 1)])
        self.assertEqual(self.model().search([("id", "in", row.ids)]), row)
        self.assertLess(max(self.model().search([]).ids), 2**53)
        action = row.action_open_events()
        events = self.model(action["res_model"]).search(action["domain"])
        self.assertEqual(events.event_type, "upgrade")
        days = events.action_open_days()
        self.assertEqual(self.model().search_count(days["domain"]), 4)

    def test_ids_of_one_day_differ_by_level_and_company(self):
        rows = self.env["membership.analytics"].search([("week", "=", "2024-03-11")])
        self.assertEqual(len(set(rows.ids)), 3)

    def test_events_say_from_where_to_where(self):
        event = self.model("membership.event").browse(self.join)
        self.assertFalse(event.from_product_key)
        self.assertEqual(event.to_product_key.display_name, "Silver")
        found = self.model("membership.event").formatted_read_group(
            [], ["event_type"], ["events:sum", "unique_customers:count_distinct"]
        )
        self.assertEqual([g["events:sum"] for g in found], [1, 1])

    def test_rows_of_other_companies_are_not_there(self):
        for name in ("membership.analytics", "membership.event"):
            rows = self.model(name).search([])
            self.assertEqual(rows.company_id, self.companies["a"])

    def test_without_the_group_nothing_is_read(self):
        for group in ("promotions", "points"):
            other = self.user(f"of {group}", group=group)
            for name in ("membership.analytics", "membership.event"):
                with self.assertRaises(AccessError):
                    self.env[name].with_user(other).formatted_read_group(
                        [], [], ["__count"]
                    )


def _value(value, by):
    return value[0] if ":" in by and value else value
