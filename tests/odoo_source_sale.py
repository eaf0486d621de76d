from decimal import Decimal

from odoo.exceptions import ValidationError
from odoo.fields import Command

from .odoo_source import key
from .odoo_source_pos import PERCENT


class Sales:
    """Sales as documents of the contract."""

    def code(self, **reward):
        """Create a program that wants the code SPRING."""
        return self.program(
            "promo_code",
            {"mode": "with_code", "code": "SPRING"},
            {**PERCENT, **reward},
            trigger="with_code",
            applies_on="current",
        )

    def test_a_quotation_is_no_document_and_a_confirmed_sale_is(self):
        order = self.sale((self.pen, 2), (self.taxed, 1))
        self.assertIsNone(self.document(order))
        order.action_confirm()
        found = self.document(order)
        self.assertEqual(Decimal(found["amount_total"]), Decimal("42.99"))
        self.assertEqual(
            (found["state"], found["channel"], found["store_id"]),
            ("done", "sale", None),
        )
        self.assertEqual(found["partner_id"], self.customer.id)

    def test_a_code_s_discount_is_spread_to_the_cent(self):
        program = self.code()
        order = self.sale((self.book, 1), (self.pen, 3), (self.taxed, 1))
        self.use_code(order, "SPRING")
        order.action_confirm()
        rewards = order.order_line.filtered("reward_id")
        self.assertEqual(len(rewards), 2, "Odoo splits the discount by tax")
        shown = self.shown(order, program)
        taken = Decimal(f"{-sum(rewards.mapped('price_total')):.2f}")
        self.assertEqual(sum(line[2] for line in shown.values()), taken)
        self.assertEqual(
            sum(line[1] for line in shown.values()),
            Decimal(f"{order.amount_total:.2f}"),
        )
        self.assertEqual(set(shown), {self.book, self.pen, self.taxed})
        self.assertEqual(self.applied(order), program)

    def test_a_fixed_discount_is_spread_to_the_cent(self):
        program = self.code(discount_mode="per_order", discount=5)
        order = self.sale((self.pen, 1), (self.book, 1))
        self.use_code(order, "SPRING")
        order.action_confirm()
        self.assertEqual(
            self.shown(order, program),
            {
                self.pen: (1, Decimal("8.85"), Decimal("1.15")),
                self.book: (1, Decimal("29.48"), Decimal("3.85")),
            },
        )

    def test_a_coupon_of_the_wizard_is_applied(self):
        program = self.program("coupons", {}, PERCENT, trigger="with_code")
        coupon = self.card(program, 1)
        order = self.sale((self.pen, 1))
        self.use_code(order, coupon.code)
        order.action_confirm()
        self.assertEqual(self.shown(order, program), {self.pen: (1, 9, 1)})
        self.assertEqual(self.booked(order, program), (0, 0))

    def test_a_free_product_cost_nothing_and_its_price_is_the_discount(self):
        program = self.program(
            "promotion",
            {"product_ids": [Command.set(self.pen.ids)]},
            {
                "reward_type": "product",
                "reward_product_id": self.taxed.id,
                "required_points": 1,
            },
            trigger="auto",
        )
        order = self.sale((self.pen, 1))
        self.claim(order, program)
        order.action_confirm()
        [free] = order.order_line.filtered("reward_id")
        self.assertEqual((free.price_total, free.discount), (0, 100))
        self.assertEqual(
            self.shown(order, program), {self.taxed: (1, 0, Decimal("22.99"))}
        )

    def test_trap_sales_book_the_gross(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        order = self.sale((self.pen, 4))
        self.claim(order, program, card)
        order.action_confirm()
        [row] = card.history_ids.filtered("order_id")
        self.assertEqual((row.issued, row.used), (40, 10))
        self.assertEqual(self.booked(order, program), (40, 10))
        self.assertEqual(
            self.ledger(card),
            [("adjust", 30, 30), ("earn", 40, 70), ("redeem", 10, 60)],
        )
        self.assertEqual(card.points, 60)
        self.assertIsNone(self.difference(card))
        self.assertEqual(self.shown(order, program), {None: (4, 35, 5)})

    def test_trap_cancelling_deletes_the_history(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        order = self.sale((self.pen, 4))
        self.claim(order, program, card)
        order.action_confirm()
        order._action_cancel()
        self.assertEqual(self.document(order)["state"], "void")
        self.assertEqual(self.ledger(card), [("adjust", 30, 30)])
        self.assertEqual(card.points, 30)
        self.assertIsNone(self.difference(card))
        self.assertFalse(self.lines(order))

    def test_a_deleted_sale_is_gone(self):
        order = self.sale((self.pen, 1))
        order.action_confirm()
        self.assertTrue(self.document(order))
        order._action_cancel()
        order.unlink()
        self.assertNotIn(
            key(order), [row["id"] for row in self.read("processed_order")]
        )

    def test_a_reward_claimed_after_the_confirmation_is_booked(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        order = self.sale((self.pen, 4))
        order._update_programs_and_rewards()
        order.action_confirm()
        order._update_programs_and_rewards()
        self.claim(order, program, card)
        self.assertEqual(self.booked(order, program)[1], 10)
        points = self.ledger(card)[-1][2]
        self.assertEqual(
            Decimal(str(card.points)) - points, Decimal(self.difference(card) or 0)
        )

    def test_without_an_account_a_program_has_no_ledger(self):
        self.code()
        with self.assertRaises(ValidationError):
            self.card(self.loyalty(), 1, self.customer).code = "SPRING"
        order = self.sale((self.pen, 1))
        self.use_code(order, "SPRING")
        order.action_confirm()
        self.assertFalse(self.read("point_transaction"))
