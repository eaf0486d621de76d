import os
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..core.records import RunResult
from ..core.stores import push

URL = "clickhouse://u:p@house:9000/c"


@tagged("post_install", "-at_install")
class TestClickhouse(TransactionCase):
    """How far the copy is, as the screen tells it."""

    def setUp(self):
        super().setUp()
        self.address(URL)
        self.env.cr.execute("UPDATE fact_load SET load_id = 10")
        for table in ("promotion_order_tombstone", "promotion_performance_tombstone"):
            self.env.cr.execute(f"DELETE FROM {table}")
        self.env.cr.execute(
            "INSERT INTO promotion_order_tombstone VALUES"
            " (1, 1, '2024-01-01', 4), (2, 1, '2024-01-01', 9)"
        )

    def address(self, url):
        patcher = patch.dict(os.environ, {"LOYALTY_REPORTING_CLICKHOUSE_URL": url})
        patcher.start()
        self.addCleanup(patcher.stop)

    def copy(self, watermark, problem=None):
        self.env.cr.execute(
            "UPDATE loyalty_reporting_clickhouse SET watermark = %s, problem = %s",
            [watermark, problem],
        )
        self.env.invalidate_all()
        return self.env["loyalty.reporting.clickhouse"].browse(1)

    def tombstones(self):
        self.env["loyalty.reporting.clickhouse"]._gc_tombstones()
        self.env.cr.execute("SELECT load_id FROM promotion_order_tombstone ORDER BY 1")
        return [number for (number,) in self.env.cr.fetchall()]

    def test_the_state_tells_how_far_the_copy_is(self):
        copy = self.copy(10)
        self.assertEqual((copy.state, copy.behind), ("ready", 0))
        copy = self.copy(7)
        self.assertEqual((copy.state, copy.behind), ("behind", 3))
        self.assertEqual(self.copy(7, "It is away.").state, "problem")

    def test_without_an_address_it_is_off(self):
        self.address("")
        self.assertEqual(self.copy(10, "It is away.").state, "off")

    def test_acknowledged_tombstones_are_forgotten(self):
        self.copy(5)
        self.assertEqual(self.tombstones(), [9])

    def test_without_clickhouse_no_tombstone_is_needed(self):
        self.address("")
        self.copy(0)
        self.assertEqual(self.tombstones(), [])

    def test_a_copy_that_is_switched_off_may_come_back(self):
        self.address("")
        self.copy(5)
        self.assertEqual(self.tombstones(), [9])

    def test_the_buttons_tell_how_it_went(self):
        failed = RunResult("failed", message="ClickHouse is away.")
        with (
            patch.object(push, "push", return_value=RunResult("done")),
            patch.object(push, "rebuild", return_value=failed),
        ):
            pushed = self.copy(5).action_push()
            rebuilt = self.copy(5).action_rebuild()
        self.assertEqual(pushed["params"]["type"], "success")
        self.assertIn("ClickHouse is away.", rebuilt["params"]["message"])
