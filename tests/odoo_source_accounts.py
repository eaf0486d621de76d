from datetime import date
from decimal import Decimal

from odoo.fields import Command

PAYMENT = {
    "reward_type": "discount",
    "discount_mode": "per_point",
    "discount": 1,
    "discount_applicability": "order",
    "required_points": 1,
}


class Accounts:
    """Gift cards, eWallets and what happens to cards without an order."""

    def gift_cards(self):
        return self.payment("gift_card", reward_point_split=True)

    def ewallets(self):
        return self.payment("ewallet")

    def payment(self, program_type, **rule):
        return self.program(
            program_type,
            {
                "product_ids": [Command.set(self.gift.ids)],
                "reward_point_amount": 1,
                "reward_point_mode": "money",
                **rule,
            },
            PAYMENT,
            applies_on="future",
            trigger="auto",
        )

    def test_a_gift_card_is_sold_and_pays_in_the_pos(self):
        program = self.gift_cards()
        sold = self.pos_order(
            (self.gift, 1), coupons=self.won(program, 50) | {}, partner=self.customer
        )
        card = program.coupon_ids
        self.assertEqual(self.booked(sold, program), (50, 0))
        paid = self.pos_order(
            (self.pen, 3),
            self.reward_line(program, 20.0, card, 20),
            coupons=self.won(program, -20, card),
        )
        self.assertEqual(card.points, 30)
        self.assertEqual(self.booked(paid, program), (0, 20))
        self.assertEqual(self.shown(paid, program), {None: (3, 10, 20)})
        self.assertEqual(self.ledger(card), [("earn", 50, 50), ("redeem", 20, 30)])
        self.assertIsNone(self.difference(card))

    def test_trap_gift_card_rows_that_repeat_the_balance_are_no_bookings(self):
        program = self.gift_cards()
        card = self.card(program, 50)
        self.pos_order(
            (self.pen, 3),
            self.reward_line(program, 20.0, card, 20),
            partner=self.customer,
            coupons=self.won(program, -20, card) | {},
        )
        issued = card.history_ids.mapped("issued")
        self.assertEqual(sorted(issued), [0, 50, 50, 50], "Odoo repeats the balance")
        self.assertEqual(card.points, 30)
        self.assertEqual(self.ledger(card), [("adjust", 50, 50), ("redeem", 20, 30)])
        self.assertIsNone(self.difference(card))

    def test_a_gift_card_is_topped_up_by_hand_and_stays_exact(self):
        program = self.gift_cards()
        card = self.card(program, 50)
        self.adjust(card, 100)
        self.assertEqual(self.ledger(card), [("adjust", 50, 50), ("adjust", 50, 100)])
        self.assertIsNone(self.difference(card))

    def test_a_gift_card_pays_a_sale(self):
        program = self.gift_cards()
        card = self.card(program, 50)
        order = self.sale((self.pen, 3))
        self.use_code(order, card.code)
        order.action_confirm()
        self.assertEqual((order.amount_total, card.points), (0, 20))
        self.assertEqual(self.shown(order, program), {None: (3, 0, 30)})
        self.assertEqual(self.ledger(card), [("adjust", 50, 50), ("redeem", 30, 20)])
        self.assertIsNone(self.difference(card))

    def test_paying_lowers_no_other_program_s_amounts(self):
        program = self.gift_cards()
        card = self.card(program, 50)
        promotion = self.program(
            "promotion", {}, {"discount": 10, "discount_mode": "percent"}
        )
        order = self.pos_order(
            (self.pen, 10),
            self.reward_line(promotion, 10.0),
            self.reward_line(program, 50.0, card, 50),
            coupons=self.won(program, -50, card),
        )
        self.assertEqual(self.shown(order, promotion), {self.pen: (10, 90, 10)})
        self.assertEqual(self.shown(order, program), {None: (10, 40, 50)})
        self.assertEqual(order.amount_total, 40)

    def test_an_ewallet_is_filled_and_pays(self):
        program = self.ewallets()
        filled = self.pos_order(
            (self.gift, 1),
            partner=self.customer,
            coupons=self.won(program, 50, partner=self.customer),
        )
        wallet = program.coupon_ids
        self.assertEqual(self.booked(filled, program), (50, 0))
        paid = self.pos_order(
            (self.pen, 1),
            self.reward_line(program, 10.0, wallet, 10),
            partner=self.customer,
            coupons=self.won(program, -10, wallet, self.customer),
        )
        self.assertEqual(self.booked(paid, program), (0, 10))
        sale = self.sale((self.pen, 1))
        self.claim(sale, program, wallet)
        sale.action_confirm()
        self.assertEqual(self.booked(sale, program), (0, 10))
        self.assertEqual(
            self.ledger(wallet),
            [("earn", 50, 50), ("redeem", 10, 40), ("redeem", 10, 30)],
        )
        self.assertEqual(wallet.points, 30)
        self.assertIsNone(self.difference(wallet))

    # ------------------------------------------------------------ by hand

    def adjust(self, card, balance):
        self.env["loyalty.card.update.balance"].create(
            {"card_id": card.id, "new_balance": balance, "description": "By hand"}
        ).action_update_card_point()

    def test_the_wizard_s_changes_are_adjustments(self):
        card = self.card(self.loyalty(), 30, self.customer)
        self.adjust(card, 12.5)
        self.assertEqual(
            self.ledger(card),
            [("adjust", 30, 30), ("adjust", Decimal("-17.5"), Decimal("12.5"))],
        )
        self.assertTrue(
            all(row["order_id"] is None for row in self.read("point_transaction"))
        )
        self.assertIsNone(self.difference(card))

    def test_trap_points_written_directly_are_a_difference(self):
        card = self.card(self.loyalty(), 30, self.customer)
        self.assertIsNone(self.difference(card))
        card.points = 42
        self.assertEqual(Decimal(self.difference(card)), 12)
        self.assertEqual(self.ledger(card), [("adjust", 30, 30)])
        found = self.env["loyalty.reporting.change"]._card_differences()
        self.assertEqual([row["card_id"] for row in found], card.ids)
        self.assertEqual(Decimal(found[0]["points"]), 42)

    def test_merged_customers_are_a_difference_until_somebody_books_it(self):
        program = self.loyalty()
        other = self.env["res.partner"].create({"name": "Eda"})
        kept = self.card(program, 30, self.customer)
        left = self.card(program, 12, other)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer | other).ids, self.customer)
        self.env.invalidate_all()
        self.assertEqual((kept.points, left.points), (42, 0))
        self.assertEqual(Decimal(self.difference(kept)), 12)
        self.assertEqual(Decimal(self.difference(left)), -12)

    def test_points_expire_at_the_end_of_the_card_s_last_day(self):
        program = self.gift_cards()
        self.company.loyalty_reporting_tz = "America/New_York"
        self.pos_order((self.gift, 1), coupons=self.won(program, 50))
        program.coupon_ids.expiration_date = date(2030, 1, 31)
        [row] = self.read("point_transaction")
        self.assertTrue(row["expires_at"].startswith("2030-02-01T05:00:00"))

    def test_cards_are_read_with_their_program_and_holder(self):
        card = self.card(self.loyalty(), 30, self.customer)
        [row] = self.read("point_card")
        self.assertEqual(
            (row["id"], row["program_id"], row["partner_id"], row["active"]),
            (card.id, card.program_id.id, self.customer.id, True),
        )

    def test_programs_are_read_with_their_name_and_days(self):
        program = self.loyalty()
        program.date_from = date(2026, 1, 1)
        [row] = [r for r in self.read("program") if r["id"] == program.id]
        self.assertEqual(
            (row["name"], row["program_type"], row["valid_from"], row["active"]),
            ("A loyalty", "loyalty", "2026-01-01", True),
        )
