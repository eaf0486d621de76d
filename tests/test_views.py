from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import FACTS, ReportingCase

PREFIX = "loyalty_reporting"
REPORTS = (
    "promotion.order",
    "promotion.report.detail",
    "membership.analytics",
    "membership.event",
    "point.analytics",
)
# What each group's own menus are called, besides the exports.
MENUS = {
    "promotions": {
        "promotion_order_menu",
        "promotion_report_detail_menu",
        "spreadsheet_dashboard_promotions_menu",
    },
    "membership": {
        "membership_analytics_menu",
        "membership_event_menu",
        "spreadsheet_dashboard_membership_menu",
    },
    "points": {
        "point_analytics_activity_menu",
        "point_analytics_menu",
        "spreadsheet_dashboard_points_menu",
    },
}


@tagged("post_install", "-at_install")
class TestViews(ReportingCase):
    """Every screen opens, for users and for managers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(*FACTS)

    def actions(self):
        data = self.env["ir.model.data"].search(
            [("module", "=", PREFIX), ("model", "=", "ir.actions.act_window")]
        )
        return self.env["ir.actions.act_window"].browse(data.mapped("res_id"))

    def menus(self, user):
        data = self.env["ir.model.data"].search(
            [("module", "=", PREFIX), ("model", "=", "ir.ui.menu")]
        )
        visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
        return {d.name for d in data if d.res_id in visible}

    def test_every_view_of_every_action_loads(self):
        actions = self.actions()
        self.assertGreater(len(actions), 9)
        for action in actions:
            modes = [(False, mode) for mode in action.view_mode.split(",")]
            views = self.env[action.res_model].get_views([*modes, (False, "search")])
            self.assertTrue(views["views"], action.name)

    def test_every_filter_can_be_applied(self):
        for model in REPORTS:
            view = self.env[model].get_view(view_type="search")
            for node in self.env[model]._get_view(view_type="search")[0].iter("filter"):
                if node.get("domain"):
                    self.env[model].search_count(safe_eval(node.get("domain")), limit=1)
                if node.get("context"):
                    groupby = safe_eval(node.get("context"))["group_by"]
                    self.env[model].formatted_read_group([], [groupby], ["__count"])
            self.assertTrue(view)

    def test_every_favourite_is_a_pivot_that_can_be_read(self):
        data = self.env["ir.model.data"].search(
            [("module", "=", PREFIX), ("model", "=", "ir.filters")]
        )
        self.assertEqual(len(data), 3)
        for favourite in self.env["ir.filters"].browse(data.mapped("res_id")):
            self.assertFalse(favourite.user_ids)
            asked = safe_eval(favourite.context)
            model = self.env[favourite.model_id]
            by = asked["pivot_row_groupby"] + asked["pivot_column_groupby"]
            measures = [
                f"{name}:{model._fields[name].aggregator}"
                for name in asked["pivot_measures"]
            ]
            model.formatted_read_grouping_sets([], [[], by], measures)

    def test_measures_of_the_screens_exist_and_explain_themselves(self):
        for model in REPORTS:
            for name, field in self.env[model].fields_get().items():
                if field.get("aggregator") and name not in ("id", "line_count"):
                    self.assertTrue(field.get("help"), (model, name))

    def test_a_user_sees_reports_and_runs(self):
        seen = self.menus(self.user("reader"))
        self.assertIn("promotion_order_menu", seen)
        self.assertIn("loyalty_reporting_run_menu", seen)
        self.assertNotIn("loyalty_reporting_dead_letter_menu", seen)
        self.assertNotIn("loyalty_reporting_configuration_menu", seen)

    def test_a_manager_sees_operations_and_configuration(self):
        seen = self.menus(self.user("manager", group="manager"))
        self.assertIn("loyalty_reporting_dead_letter_menu", seen)
        self.assertIn("loyalty_reporting_program_menu", seen)

    def test_who_reads_one_kind_of_report_sees_its_menus_only(self):
        every = set().union(*MENUS.values())
        for group, menus in MENUS.items():
            seen = self.menus(self.user(f"menus of {group}", group=group))
            self.assertEqual(seen & every, menus)
            self.assertIn(f"loyalty_reporting_{group}_menu", seen)
            self.assertNotIn("loyalty_reporting_operations_menu", seen)
            others = {f"loyalty_reporting_{other}_menu" for other in MENUS} - {
                f"loyalty_reporting_{group}_menu"
            }
            self.assertFalse(seen & others)

    def test_without_a_group_the_app_is_not_there(self):
        self.assertFalse(self.menus(self.user("stranger", group=None)))
