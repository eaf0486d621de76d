from decimal import Decimal

from odoo.fields import Command
from odoo.tests import tagged

from .odoo_source import OdooSourceCase, key
from .odoo_source_pos import PERCENT


@tagged("post_install", "-at_install")
class TestOdooSourceSync(OdooSourceCase):
    """From Odoo's orders to the reports."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Bookings without an order belong to the only company that is read.
        others = cls.env["res.company"].sudo().search([("id", "!=", cls.company.id)])
        others.loyalty_reporting_system = "engine"
        cls.source = cls.env.ref("loyalty_reporting.source_odoo")
        cls.source.active = True
        cls.company.loyalty_reporting_system = "odoo"
        others.loyalty_reporting_system = "engine"

    def test_a_first_synchronisation_brings_everything(self):
        program = self.program("promotion", {}, PERCENT)
        points = self.loyalty()
        card = self.card(points, 30, self.customer)
        order = self.pos_order(
            (self.pen, 4),
            self.reward_line(program, 4.0),
            partner=self.customer,
            coupons=self.won(points, 36, card, self.customer),
        )
        self.synchronise()
        self.assertEqual(self.dead_letters(), [])
        self.assertEqual(self.reported(program), (1, 4, 36, 4))
        self.assertEqual(self.reported(points), (1, 4, 36, 0))
        self.assertEqual(self.balance(card), 66)
        self.assert_linked(program, order)

    def assert_linked(self, program, order):
        self.env.cr.execute(
            "SELECT p.odoo_program_id, c.partner_id, s.config_id"
            " FROM loyalty_reporting_program p, loyalty_reporting_customer c,"
            " loyalty_reporting_shop s"
            " WHERE p.source = 'odoo' AND p.external_id = %s AND c.source = 'odoo'"
            " AND c.external_id = %s AND s.source = 'odoo' AND s.external_id = %s",
            [program.id, order.partner_id.id, order.config_id.id],
        )
        self.assertEqual(
            self.env.cr.fetchall(),
            [(program.id, order.partner_id.id, order.config_id.id)],
        )

    def balance(self, card):
        self.env.cr.execute(
            "SELECT s.balance::text FROM card_state s"
            " JOIN loyalty_reporting_card k ON k.id = s.card_key"
            " WHERE k.source = 'odoo' AND k.external_id = %s",
            [card.id],
        )
        return Decimal(self.env.cr.fetchone()[0])

    def test_a_change_is_read_and_nothing_else(self):
        program = self.program("promotion", {}, PERCENT)
        first = self.pos_order((self.pen, 4), self.reward_line(program, 4.0))
        self.synchronise()
        self.pos_order((self.pen, 1), self.reward_line(program, 1.0))
        result = self.synchronise()
        self.assertEqual(result.counts.documents_read, 1)
        self.assertEqual(self.reported(program), (2, 5, 45, 5))
        self.assertEqual(self.synchronise().counts.rows_read, 0)
        self.env.cr.execute(
            "UPDATE pos_order_line SET qty = 3, price_subtotal_incl = 30"
            " WHERE order_id = %s AND reward_id IS NULL",
            [first.id],
        )
        self.synchronise()
        self.assertEqual(self.reported(program), (2, 4, 35, 5))

    def test_a_cancelled_sale_leaves_the_reports(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        sale = self.sale((self.pen, 4))
        self.claim(sale, program, card)
        sale.action_confirm()
        self.synchronise()
        self.assertEqual(self.reported(program), (1, 4, 35, 5))
        self.assertEqual(self.balance(card), 60)
        sale._action_cancel()
        self.synchronise()
        self.assertEqual(self.reported(program), (0, 0, 0, 0))
        self.assertEqual(self.balance(card), 30)
        sale.unlink()
        self.synchronise()
        self.assertEqual(self.reported(program), (0, 0, 0, 0))
        self.assertEqual(self.dead_letters(), [])

    def test_a_refund_is_taken_off_on_its_own_day(self):
        program = self.program("promotion", {}, PERCENT)
        order = self.pos_order((self.pen, 2), self.reward_line(program, 2.0))
        pens, taken = order.lines
        self.pos_order(
            (self.pen, -2, 10.0, {"refunded_orderline_id": pens.id}),
            (taken.product_id, -1, -2.0, {"refunded_orderline_id": taken.id}),
            is_refund=True,
        )
        self.synchronise()
        self.assertEqual(self.reported(program), (1, 0, 0, 0))

    def test_by_key_the_same_is_read_as_at_large(self):
        """A first history and a change must not differ."""
        program, points = self.program("promotion", {}, PERCENT), self.loyalty()
        card = self.card(points, 30, self.customer)
        orders = [
            self.pos_order(
                (self.book, 2),
                self.reward_line(program, 6.67),
                partner=self.customer,
                coupons=self.won(points, 60, card, self.customer),
            )
            for _ in range(3)
        ]
        sale = self.sale((self.pen, 4))
        self.claim(sale, points, card)
        sale.action_confirm()
        self.synchronise()
        before = self.content()
        self.env.cr.execute("DELETE FROM loyalty_reporting_change")
        for order in orders:
            order.general_customer_note = "touched"
        sale.client_order_ref = "touched"
        card.expiration_date = False
        result = self.synchronise()
        self.assertEqual(result.counts.documents_read, 4)
        self.assertEqual(result.counts.documents_changed, 0)
        self.assertEqual(self.content(), before)

    def content(self):
        self.env.cr.execute(
            "SELECT document_key, content_hash FROM fact_document"
            " WHERE source = 'odoo' ORDER BY 1"
        )
        return self.env.cr.fetchall()

    def test_an_engine_s_company_is_not_counted_twice(self):
        """The engine is its system of record: Odoo's orders only reconcile."""
        self.company.loyalty_reporting_system = "engine"
        program = self.program("promotion", {}, PERCENT)
        order = self.pos_order((self.pen, 4), self.reward_line(program, 4.0))
        sale = self.sale((self.pen, 1))
        sale.action_confirm()
        self.card(self.loyalty(), 30, self.customer)
        self.assertIsNone(self.document(order) or self.document(sale))
        self.synchronise()
        self.assertEqual(self.reported(program), (0, 0, 0, 0))
        self.env.cr.execute("SELECT count(*) FROM fact_document WHERE source = 'odoo'")
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.assertEqual(self.dead_letters(), [])
        self.assertEqual(set(self.source._mapping().values()), {None})

    def test_with_the_engine_and_odoo_on_a_sale_counts_once(self):
        """The same sale, told by the engine that is the system of record, and by Odoo."""
        self.company.loyalty_reporting_system = "engine"
        engine = self.env.ref("loyalty_reporting.source_engine")
        engine.company_map_ids.external_id = 70
        engine.company_map_ids = [
            Command.create({"external_id": 77, "company_id": self.company.id})
        ]
        program = self.program("promotion", {}, PERCENT)
        order = self.pos_order((self.pen, 4), self.reward_line(program, 4.0))
        at = order.date_order.isoformat() + "Z"
        currency = self.company.currency_id.name
        self.synchronise(
            engine,
            {
                "stage_order": f"E1\t\\N\t1\tpos\t{at}\t36\t{currency}\tf\tdone"
                "\t\\N\t77\t1\n",
                "stage_line": "1\tE1\t5\t\\N\t4\t36\t4\t0\t0\t1\n",
            },
        )
        self.synchronise()
        self.env.cr.execute(
            "SELECT sum(amount)::text, sum(discount)::text, count(*)"
            " FROM promotion_order_data WHERE company_id = %s",
            [self.company.id],
        )
        amount, discount, orders = self.env.cr.fetchone()
        self.assertEqual((Decimal(amount), Decimal(discount), orders), (36, 4, 1))
        self.assertEqual(self.dead_letters(), [])

    def test_changing_the_system_of_record_takes_away_and_brings_back(self):
        program = self.program("promotion", {}, PERCENT)
        self.pos_order((self.pen, 4), self.reward_line(program, 4.0))
        self.synchronise()
        self.assertEqual(self.reported(program), (1, 4, 36, 4))
        self.company.loyalty_reporting_system = "engine"
        self.synchronise()
        self.assertEqual(self.reported(program), (0, 0, 0, 0))
        self.company.loyalty_reporting_system = "odoo"
        self.synchronise()
        self.assertEqual(self.reported(program), (1, 4, 36, 4))

    def test_the_engine_s_mapping_leaves_out_companies_of_odoo(self):
        engine = self.env.ref("loyalty_reporting.source_engine")
        engine.company_map_ids = [
            Command.create({"external_id": 77, "company_id": self.company.id})
        ]
        self.assertEqual(self.company.loyalty_reporting_system, "odoo")
        self.assertIsNone(engine._mapping()[77])
        self.company.loyalty_reporting_system = "engine"
        self.assertEqual(engine._mapping()[77], self.company.id)

    def test_a_pause_loses_nothing(self):
        program = self.program("promotion", {}, PERCENT)
        self.pos_order((self.pen, 4), self.reward_line(program, 4.0))
        self.synchronise()
        self.source.active = False
        unseen = self.pos_order((self.pen, 1), self.reward_line(program, 1.0))
        self.source.active = True
        self.company.loyalty_reporting_system = "odoo"
        self.synchronise()
        self.assertEqual(self.reported(program), (2, 5, 45, 5))
        self.env.cr.execute(
            "SELECT FROM fact_document WHERE document_key = %s", [key(unseen)]
        )
        self.assertEqual(self.env.cr.rowcount, 1)

    def test_without_triggers_nothing_is_read(self):
        self.env.cr.execute("DROP TRIGGER loyalty_reporting_update ON pos_order_line")
        with self.assertRaises(AssertionError) as caught:
            self.synchronise()
        self.assertIn("Changes of pos_order_line are not noted", str(caught.exception))
