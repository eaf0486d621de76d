from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged

from ..core.records import Counts, RunResult
from ..core.stores import materialized

GROUP = "loyalty_reporting.group_loyalty_reporting_"


@tagged("post_install", "-at_install")
class TestMaterializedView(TransactionCase):
    """Which materialized views there are, how new they are, and refreshing one."""

    def setUp(self):
        super().setUp()
        self.view = self.env["loyalty.reporting.materialized.view"].search([])
        self.view.ensure_one()

    def refreshed(self, user, state="done", message=""):
        """Let a user press the button; returns the notification and what was asked."""
        result = RunResult(state, Counts(rows_loaded=7), message=message)
        done = {self.view.name: result}
        with patch.object(materialized, "refresh", return_value=done) as asked:
            return self.view.with_user(user).action_refresh()["params"], asked

    def test_it_tells_whether_a_load_came_since_and_what_went_wrong(self):
        self.env.cr.execute("UPDATE fact_load SET load_id = load_id + 1")
        self.assertEqual(self.view.state, "behind")
        for values, state in (
            ("load_id = (SELECT load_id FROM fact_load)", "current"),
            ("problem = 'no room'", "problem"),
        ):
            self.env.cr.execute(
                f"UPDATE loyalty_reporting_materialized_view SET {values}"
            )
            self.view.invalidate_recordset()
            self.assertEqual(self.view.state, state)

    def test_a_manager_refreshes_it_though_nothing_changed(self):
        manager = new_test_user(self.env, "mv_manager", groups=f"{GROUP}manager")
        shown, asked = self.refreshed(manager)
        self.assertEqual(shown["title"], "mv_promotion_daily_summary")
        self.assertIn("7 rows", shown["message"])
        names = ["mv_promotion_daily_summary"]
        self.assertEqual(asked.call_args.kwargs, {"force": True, "names": names})
        shown, _asked = self.refreshed(manager, "failed", "no room")
        self.assertEqual((shown["type"], shown["message"]), ("danger", "no room"))

    def test_a_reader_sees_it_and_may_not(self):
        reader = new_test_user(self.env, "mv_reader", groups=f"{GROUP}user")
        self.assertTrue(self.view.with_user(reader).read(["state", "row_count"]))
        with self.assertRaises(AccessError):
            self.refreshed(reader)
