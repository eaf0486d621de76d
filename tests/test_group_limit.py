from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..report import group_limit
from .common import FACTS, ReportingCase


@tagged("post_install", "-at_install")
class TestGroupLimit(ReportingCase):
    """A pivot of too many groups asks for a filter instead of being read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(*FACTS)
        cls.model = cls.env["promotion.order"].with_user(cls.user("reader"))

    def setUp(self):
        super().setUp()
        # 3 orders of customer 7, one of each of 8, 9 and of nobody.
        self.by = ["customer_key", "date:day"]
        self.domain = [("program_key", "!=", False)]

    def limit(self, most):
        return patch.object(group_limit, "MOST_GROUPS", most)

    def pivot(self, groupby):
        sets = [groupby[:n] for n in range(len(groupby) + 1)]
        return self.model.formatted_read_grouping_sets(self.domain, sets, ["__count"])

    def graph(self, groupby, **options):
        return self.model.formatted_read_group(
            self.domain, groupby, ["__count"], **options
        )

    def test_one_group_too_many_is_refused_with_its_number_and_what_to_do(self):
        self.assertEqual(len(self.graph(self.by)), 6)
        for read in (self.pivot, self.graph):
            with (
                self.limit(5),
                self.assertRaisesRegex(UserError, "^6 groups .* most 5 "),
            ):
                read(self.by)
            with self.limit(6):
                read(self.by)

    def test_nothing_is_read_of_what_is_refused(self):
        read = patch.object(
            type(self.model), "_read_grouping_sets", side_effect=KeyError
        )
        with self.limit(5), read, self.assertRaises(UserError):
            self.pivot(self.by)

    def test_a_filter_makes_room(self):
        self.domain = [("date", "=", "2024-01-01")]
        with self.limit(5):
            self.assertEqual(len(self.graph(self.by)), 2)

    def test_lists_are_read_by_pages_and_files_as_a_whole(self):
        with self.limit(1):
            self.assertEqual(len(self.graph(self.by, limit=80)), 6)
            page = self.model.web_read_group(
                self.domain, self.by, ["__count"], limit=80
            )
            self.assertEqual(page["length"], 4)
            self.assertEqual(len(self.model.search(self.domain)), 8)

    def test_few_programs_and_months_are_not_even_counted(self):
        count = patch.object(type(self.model), "_count_groups", side_effect=KeyError)
        with count:
            self.pivot(["program_key"])
            self.pivot(["date:month", "is_refund"])
            self.pivot(["date:month", "program_type"])
            with self.assertRaises(KeyError):
                self.pivot(["channel"])
