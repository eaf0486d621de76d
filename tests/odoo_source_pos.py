from decimal import Decimal

from .odoo_source import key

PERCENT = {
    "reward_type": "discount",
    "discount_mode": "percent",
    "discount": 10,
    "discount_applicability": "order",
}


class PosOrders:
    """POS orders as documents of the contract."""

    def test_a_paid_order_is_a_document(self):
        order = self.pos_order((self.pen, 2), (self.taxed, 1), partner=self.customer)
        found = self.document(order)
        self.assertEqual(Decimal(found["amount_total"]), Decimal("42.99"))
        self.assertEqual(
            (found["state"], found["channel"], found["store_id"], found["currency"]),
            ("done", "pos", order.config_id.id, self.company.currency_id.name),
        )
        self.assertEqual(found["partner_id"], self.customer.id)
        self.assertEqual(found["company_id"], self.company.id)

    def test_a_draft_is_none(self):
        self.pos_config_usd.open_ui()
        order = self.pos_order((self.pen, 1), state="draft", payment_ids=[])
        self.assertEqual(order.state, "draft")
        self.assertIsNone(self.document(order))
        order.action_pos_order_cancel()
        self.assertEqual(self.document(order)["state"], "void")

    def test_a_percentage_is_spread_to_the_cent(self):
        program = self.program("promotion", {}, PERCENT)
        order = self.pos_order(
            (self.book, 1), (self.pen, 3), self.reward_line(program, 6.33)
        )
        shown = self.shown(order, program)
        self.assertEqual(sum(line[2] for line in shown.values()), Decimal("6.33"))
        self.assertEqual(
            shown,
            {
                self.book: (1, Decimal("30.00"), Decimal("3.33")),
                self.pen: (3, Decimal("27.00"), Decimal("3.00")),
            },
        )
        self.assertEqual(sum(line[1] for line in shown.values()), Decimal("57.00"))
        self.assertEqual(order.amount_total, 57.0)
        self.assertEqual(self.applied(order), program)

    def test_no_cent_is_lost_however_many_lines_there_are(self):
        program = self.program("promotion", {}, PERCENT)
        order = self.pos_order(*[(self.pen, 1)] * 7, self.reward_line(program, 10.0))
        discounts = [Decimal(line["discount"]) for line in self.lines(order, program)]
        self.assertEqual(sum(discounts), Decimal("10.00"))
        self.assertEqual(len(discounts), 7)
        self.assertLessEqual(max(discounts) - min(discounts), Decimal("0.01"))

    def test_a_discount_split_by_tax_is_one(self):
        program = self.program("promotion", {}, PERCENT)
        reward = program.reward_ids.discount_line_product_id
        untaxed = self.reward_line(program, 1.00)
        reward.taxes_id = self.tax_fiften_excl
        order = self.pos_order(
            (self.pen, 1), (self.taxed, 1), self.reward_line(program, 2.00), untaxed
        )
        shown = self.shown(order, program)
        taken = -sum(order.lines.filtered("reward_id").mapped("price_subtotal_incl"))
        self.assertEqual(
            sum(line[2] for line in shown.values()), Decimal(f"{taken:.2f}")
        )
        self.assertEqual(
            sum(line[1] for line in shown.values()),
            Decimal(f"{order.amount_total:.2f}"),
        )

    def test_a_discount_of_some_products_is_on_their_lines(self):
        program = self.program(
            "promotion",
            {},
            {
                **PERCENT,
                "discount_applicability": "specific",
                "discount_product_ids": [(6, 0, self.pen.ids)],
            },
        )
        order = self.pos_order(
            (self.book, 1), (self.pen, 2), self.reward_line(program, 2.00)
        )
        self.assertEqual(
            self.shown(order, program), {self.pen: (2, Decimal(18), Decimal(2))}
        )

    def test_products_may_be_named_by_their_category(self):
        category = self.env["product.category"].create({"name": "Paper"})
        below = self.env["product.category"].create(
            {"name": "Books", "parent_id": category.id}
        )
        self.book.categ_id = below
        program = self.program(
            "promotion",
            {},
            {
                **PERCENT,
                "discount_applicability": "specific",
                "discount_product_category_id": category.id,
            },
        )
        order = self.pos_order(
            (self.book, 1), (self.pen, 2), self.reward_line(program, 3.33)
        )
        self.assertEqual(
            self.shown(order, program), {self.book: (1, Decimal(30), Decimal("3.33"))}
        )

    def test_the_cheapest_product_bears_its_discount(self):
        program = self.program(
            "promotion", {}, {**PERCENT, "discount_applicability": "cheapest"}
        )
        order = self.pos_order(
            (self.book, 1), (self.pen, 1), self.reward_line(program, 1.00)
        )
        self.assertEqual(
            self.shown(order, program), {self.pen: (1, Decimal(9), Decimal(1))}
        )

    def test_a_free_product_is_a_discount_of_that_product(self):
        program = self.program(
            "buy_x_get_y",
            {"product_ids": [(6, 0, self.pen.ids)]},
            {
                "reward_type": "product",
                "reward_product_id": self.pen.id,
                "required_points": 2,
            },
        )
        order = self.pos_order(
            (self.pen, 3), (self.book, 1), self.reward_line(program, 10.00)
        )
        self.assertEqual(
            self.shown(order, program), {self.pen: (3, Decimal(20), Decimal(10))}
        )

    def test_what_one_program_takes_another_did_not_earn(self):
        """An amount is what was paid, net of the discounts of all programs."""
        ten = self.program("promotion", {}, PERCENT)
        five = self.program("promo_code", {}, {**PERCENT, "discount_mode": "per_order"})
        order = self.pos_order(
            (self.pen, 10), self.reward_line(ten, 10.0), self.reward_line(five, 5.0)
        )
        for program, discount in ((ten, 10), (five, 5)):
            self.assertEqual(self.shown(order, program), {self.pen: (10, 85, discount)})
        self.assertEqual(order.amount_total, 85)

    def test_a_coupon_is_applied_and_has_no_account(self):
        program = self.program("coupons", {}, PERCENT)
        coupon = self.card(program, 1)
        order = self.pos_order(
            (self.pen, 1),
            self.reward_line(program, 1.0, coupon, 1),
            coupons=self.won(program, -1, coupon),
        )
        self.assertEqual(coupon.points, 0)
        self.assertEqual(self.applied(order), program)
        self.assertEqual(self.shown(order, program), {self.pen: (1, 9, 1)})
        self.assertEqual(self.booked(order, program), (0, 0))
        self.assertFalse(self.read("point_transaction") or self.read("point_card"))

    def test_points_are_one_row_for_the_order(self):
        program = self.loyalty()
        order = self.pos_order(
            (self.pen, 2),
            (self.book, 1),
            partner=self.customer,
            coupons=self.won(program, 53.33, partner=self.customer),
        )
        [row] = self.lines(order, program)
        self.assertIsNone(row["product_id"])
        self.assertEqual(
            [Decimal(row[n]) for n in ("qty", "amount", "discount")],
            [3, Decimal("53.33"), 0],
        )
        self.assertEqual(self.booked(order, program), (Decimal("53.33"), 0))
        self.assertEqual(self.applied(order), program)
        card = program.coupon_ids
        self.assertEqual(
            self.ledger(card), [("earn", Decimal("53.33"), Decimal("53.33"))]
        )
        self.assertIsNone(self.difference(card))

    def test_trap_the_pos_books_the_net_and_the_ledger_shows_the_gross(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        order = self.pos_order(
            (self.pen, 4),
            self.reward_line(program, 5.0, card, 10),
            partner=self.customer,
            coupons=self.won(program, 35 - 10, card, self.customer),
        )
        [row] = card.history_ids.filtered("order_id")
        self.assertEqual((row.issued, row.used), (25, 0))
        self.assertEqual(self.booked(order, program), (35, 10))
        self.assertEqual(
            self.ledger(card),
            [("adjust", 30, 30), ("earn", 35, 65), ("redeem", 10, 55)],
        )
        self.assertIsNone(self.difference(card))
        self.assertEqual(self.shown(order, program), {None: (4, 35, 5)})

    def test_trap_what_is_earned_and_spent_at_once_leaves_no_row(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        order = self.pos_order(
            (self.pen, 1),
            self.reward_line(program, 5.0, card, 10),
            partner=self.customer,
            coupons=self.won(program, 0, card, self.customer),
        )
        self.assertFalse(card.history_ids.filtered("order_id"))
        self.assertEqual(self.booked(order, program), (10, 10))
        self.assertEqual(
            sorted(row[:2] for row in self.ledger(card)),
            [("adjust", 30), ("earn", 10), ("redeem", 10)],
        )
        self.assertIsNone(self.difference(card))

    def test_a_refund_is_an_order_of_its_own(self):
        program = self.program("promotion", {}, PERCENT)
        order, refund = self.create_backend_pos_order(
            {
                "line_data": [
                    {"product_id": self.pen.id, "qty": 2},
                    {
                        "product_id": program.reward_ids.discount_line_product_id.id,
                        "price_unit": -2.0,
                        "reward_id": program.reward_ids.id,
                        "is_reward_line": True,
                    },
                ],
                "payment_data": [{"payment_method_id": self.bank_payment_method.id}],
                "refund_data": [{"payment_method_id": self.bank_payment_method.id}],
            }
        )
        self.assertEqual((order.state, refund.state), ("paid", "paid"))
        found = self.document(refund)
        self.assertEqual((found["state"], found["refund_of"]), ("refund", key(order)))
        self.assertEqual(Decimal(found["amount_total"]), -18)
        self.assertEqual(self.document(order)["state"], "done")
        self.assertEqual(self.shown(order, program), {self.pen: (2, 18, 2)})
        self.assertEqual(self.shown(refund, program), {self.pen: (-2, -18, -2)})
        self.assertFalse(self.applied(refund))

    def test_a_refund_knows_its_reward_by_the_line_that_it_refunds(self):
        """The POS's client does not copy the reward to the refund's line."""
        program = self.program("promotion", {}, PERCENT)
        order = self.pos_order((self.pen, 2), self.reward_line(program, 2.0))
        pens, taken = order.lines
        refund = self.pos_order(
            (self.pen, -2, 10.0, {"refunded_orderline_id": pens.id}),
            (taken.product_id, -1, -2.0, {"refunded_orderline_id": taken.id}),
            is_refund=True,
        )
        self.assertEqual(self.document(refund)["refund_of"], key(order))
        self.assertEqual(self.shown(refund, program), {self.pen: (-2, -18, -2)})

    def test_a_refund_takes_the_points_back(self):
        program = self.loyalty()
        order = self.pos_order(
            (self.pen, 3),
            partner=self.customer,
            coupons=self.won(program, 30, partner=self.customer),
        )
        card = program.coupon_ids
        refund = self.pos_order(
            (self.pen, -1, 10.0, {"refunded_orderline_id": order.lines.id}),
            partner=self.customer,
            is_refund=True,
            coupons=self.won(program, -10, card, self.customer),
        )
        self.assertEqual(self.booked(refund, program), (-10, 0))
        earned, taken = sorted(
            (r for r in self.read("point_transaction") if r["card_id"] == card.id),
            key=lambda row: row["seq"],
        )
        self.assertEqual(
            (taken["transaction_type"], taken["points_amount"], taken["reverses_id"]),
            ("reverse", 10, earned["id"]),
        )
        self.assertEqual(taken["balance_after"], 20)
        self.assertIsNone(self.difference(card))

    def test_another_currency_stays_what_it_is(self):
        config = self.pos_config_eur
        order = self.pos_order((self.pen, 1), config=config)
        self.assertEqual(self.document(order)["currency"], config.currency_id.name)
