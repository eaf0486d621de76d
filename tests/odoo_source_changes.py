from ..core.sources.odoo import triggers
from ..core.sources.odoo.features import Features
from ..core.sources.odoo.queries import Queries
from ..hooks import uninstall_hook
from .odoo_source import key


class Noting:
    """What the triggers note."""

    def noted(self):
        """Return {(kind, key)} of what changed since it was last asked."""
        self.env.flush_all()
        features = Features.of(self.env.cr)
        self.env.cr.execute(Queries(features).touched("true"))
        found = set(self.env.cr.fetchall())
        self.forget()
        return found

    def forget(self):
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM loyalty_reporting_change")

    def watched(self):
        self.env.cr.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'loyalty\\_reporting\\_%'"
        )
        return self.env.cr.fetchone()[0]


class Changes(Noting):
    """Every change is seen, whoever makes it."""

    def test_a_new_order_is_noted(self):
        self.forget()
        order = self.pos_order((self.pen, 1))
        self.assertIn(("order", key(order)), self.noted())

    def test_trap_raw_sql_is_noted_and_write_date_would_not_tell(self):
        order = self.pos_order((self.pen, 1))
        before = order.write_date
        self.forget()
        self.env.cr.execute(
            "UPDATE pos_order_line SET qty = 2 WHERE order_id = %s", [order.id]
        )
        self.env.invalidate_all()
        self.assertEqual(order.write_date, before)
        self.assertEqual(self.noted(), {("order", key(order))})

    def test_trap_a_deleted_record_is_noted(self):
        order = self.sale((self.pen, 1))
        order.action_confirm()
        order._action_cancel()
        self.forget()
        number = order.id
        order.unlink()
        self.env.cr.execute("SELECT table_name, res_id FROM loyalty_reporting_change")
        self.assertIn(("sale_order", number), self.env.cr.fetchall())

    def test_a_deleted_line_is_noted_as_its_order(self):
        order = self.pos_order((self.pen, 1), (self.book, 1))
        self.forget()
        self.env.cr.execute(
            "DELETE FROM pos_order_line WHERE id = %s", [order.lines[0].id]
        )
        self.assertEqual(self.noted(), {("order", key(order))})

    def test_a_line_that_moves_changes_both_orders(self):
        one, other = (self.pos_order((self.pen, 1)) for _ in range(2))
        self.forget()
        self.env.cr.execute(
            "UPDATE pos_order_line SET order_id = %s WHERE order_id = %s",
            [other.id, one.id],
        )
        self.assertEqual(self.noted(), {("order", key(one)), ("order", key(other))})

    def test_what_never_was_a_document_is_not_asked_for(self):
        """It would be remembered as gone: every quotation, for one."""
        self.forget()
        order = self.sale((self.pen, 1))
        self.assertEqual(self.noted(), set())
        order.action_confirm()
        self.assertEqual(self.noted(), {("order", key(order))})

    def test_what_changes_nothing_is_not_noted(self):
        order = self.pos_order((self.pen, 1))
        self.forget()
        self.env.cr.execute("UPDATE pos_order SET name = name WHERE false")
        self.customer.name = "Ada Lovelace"
        order.partner_id  # noqa: B018 (reading)
        self.assertEqual(self.noted(), set())

    def test_bookings_are_noted_as_their_order_or_by_themselves(self):
        program = self.loyalty()
        self.forget()
        order = self.pos_order(
            (self.pen, 1),
            partner=self.customer,
            coupons=self.won(program, 10, partner=self.customer),
        )
        card = program.coupon_ids
        self.assertIn(("order", key(order)), self.noted())
        self.env["loyalty.card.update.balance"].create(
            {"card_id": card.id, "new_balance": 3, "description": "By hand"}
        ).action_update_card_point()
        row = card.history_ids.filtered(lambda h: not h.order_id)
        self.assertIn(("points", str(row.id * 2)), self.noted())

    def test_points_of_a_card_alone_do_not_make_all_its_orders_be_read_again(self):
        program = self.loyalty()
        order = self.pos_order(
            (self.pen, 1),
            partner=self.customer,
            coupons=self.won(program, 10, partner=self.customer),
        )
        self.forget()
        program.coupon_ids.points = 12
        self.assertEqual(self.noted(), set())
        program.coupon_ids.partner_id = False
        self.assertIn(("order", key(order)), self.noted())

    def test_later_balances_are_read_again_when_a_booking_goes(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        sale = self.sale((self.pen, 4))
        self.claim(sale, program, card)
        sale.action_confirm()
        order = self.pos_order(
            (self.pen, 1),
            partner=self.customer,
            coupons=self.won(program, 10, card, self.customer),
        )
        self.assertEqual(self.ledger(card)[-1], ("earn", 10, 70))
        self.forget()
        sale._action_cancel()
        self.assertEqual(
            {("order", key(sale)), ("order", key(order))},
            {(kind, name) for kind, name in self.noted() if kind == "order"},
        )
        self.assertEqual(self.ledger(card)[-1], ("earn", 10, 40))

    def test_a_truncated_table_is_noted(self):
        self.forget()
        self.env.cr.execute("TRUNCATE loyalty_history")
        self.env.cr.execute("SELECT res_id FROM loyalty_reporting_change")
        self.assertEqual(self.env.cr.fetchall(), [(0,)])

    def test_a_transaction_notes_a_document_once(self):
        self.forget()
        order = self.pos_order((self.pen, 1), (self.book, 1))
        order.lines.flush_recordset()
        self.env.cr.execute(
            "SELECT count(*) FROM loyalty_reporting_change"
            " WHERE table_name = 'pos_order' AND res_id = %s",
            [order.id],
        )
        self.assertEqual(self.env.cr.fetchone(), (1,))

    # ------------------------------------------------------------ coming and going

    def test_triggers_are_there_as_long_as_odoo_is_read(self):
        source = self.env.ref("loyalty_reporting.source_odoo")
        self.assertFalse(source.active)
        self.env["loyalty.reporting.change"]._watch()
        self.assertFalse(self.watched())
        source.action_unarchive()
        self.assertTrue(self.watched())
        self.assertFalse(triggers.missing(self.env.cr, Features.of(self.env.cr)))
        source.action_archive()
        self.assertFalse(self.watched())
        source.copy({"active": True}).unlink()
        self.assertFalse(self.watched())

    def test_uninstalling_takes_all_off_odoo_s_tables(self):
        self.env.ref("loyalty_reporting.source_odoo").active = True
        uninstall_hook(self.env)
        self.assertFalse(self.watched())
        self.env.cr.execute(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'loyalty\\_reporting\\_%'"
            " UNION SELECT relname FROM pg_class"
            " WHERE relname ~ '^loyalty_reporting_(change|grade|history)'"
        )
        self.assertEqual(self.env.cr.fetchall(), [])
        self.pos_order((self.pen, 1))

    def test_what_was_read_is_forgotten(self):
        source = self.env.ref("loyalty_reporting.source_odoo")
        source.active = True
        self.forget()
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_change VALUES"
            " ('5', 'pos_order', 1), ('9', 'pos_order', 1)"
        )
        changes = self.env["loyalty.reporting.change"]
        changes._prune()
        self.assertEqual(self.left(), ["5", "9"], "nothing was read yet")
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_cursor (source_name, position)"
            """ VALUES (%s, '{"phase": "window", "low": 9}')""",
            [source.code],
        )
        changes._prune()
        self.assertEqual(self.left(), ["9"])

    def left(self):
        self.env.cr.execute(
            "SELECT txid::text FROM loyalty_reporting_change ORDER BY 1"
        )
        return [txid for (txid,) in self.env.cr.fetchall()]


class Levels(Noting):
    """Levels of contacts, of which Odoo keeps no history.

    Without the module "partnership", its table and column are made here.
    """

    def make_levels(self):
        """Have the levels Gold and Silver, and their changes noted."""
        self.is_installed = Features.of(self.env.cr).grades
        if not self.is_installed:
            self.env.cr.execute(
                "CREATE TABLE res_partner_grade (id serial PRIMARY KEY, name jsonb,"
                " sequence integer, active boolean, company_id integer);"
                "ALTER TABLE res_partner ADD grade_id integer"
            )
        self.gold, self.silver = self.grade("Gold", 1), self.grade("Silver", 2)
        triggers.install(self.env.cr, Features.of(self.env.cr))

    def grade(self, name, sequence):
        if self.is_installed:
            values = {"name": name, "sequence": sequence}
            return self.env["res.partner.grade"].create(values).id
        self.env.cr.execute(
            "INSERT INTO res_partner_grade (name, sequence, company_id)"
            " VALUES (jsonb_build_object('en_US', %s), %s, %s) RETURNING id",
            [name, sequence, self.env.company.id],
        )
        return self.env.cr.fetchone()[0]

    def move(self, grade):
        if self.is_installed:
            self.customer.grade_id = grade
            self.env.flush_all()
        else:
            self.env.cr.execute(
                "UPDATE res_partner SET grade_id = %s WHERE id = %s",
                [grade, self.customer.id],
            )

    def events(self):
        return [
            (
                row["event_type"],
                row["from_membership_product_id"],
                row["to_membership_product_id"],
            )
            for row in sorted(self.read("membership_event"), key=lambda r: r["id"])
            if row["partner_id"] == self.customer.id
        ]

    def test_each_change_of_level_is_an_event(self):
        self.make_levels()
        for grade in (self.silver, self.gold, self.gold, self.silver, None):
            self.move(grade)
        self.assertEqual(
            self.events(),
            [
                ("join", None, self.silver),
                ("upgrade", self.silver, self.gold),
                ("downgrade", self.gold, self.silver),
                ("cancel", self.silver, None),
            ],
        )

    def test_events_are_noted(self):
        self.make_levels()
        self.forget()
        self.move(self.silver)
        [event] = self.read("membership_event")
        self.assertIn(("membership", str(event["id"])), self.noted())

    def test_the_first_level_is_the_highest(self):
        self.make_levels()
        ranks = {row["id"]: row["rank"] for row in self.read("membership_product")}
        self.assertGreater(ranks[self.gold], ranks[self.silver])

    def test_what_changed_while_nobody_watched_is_an_event_of_the_first_look(self):
        self.make_levels()
        self.move(self.silver)
        triggers.remove(self.env.cr)
        self.move(self.gold)
        triggers.install(self.env.cr, Features.of(self.env.cr))
        self.assertEqual(
            self.events(),
            [("join", None, self.silver), ("upgrade", self.silver, self.gold)],
        )

    def test_a_card_shows_its_holder_s_level(self):
        self.make_levels()
        self.card(self.loyalty(), 1, self.customer)
        self.move(self.gold)
        [row] = self.read("point_card")
        self.assertEqual(row["membership_product_id"], self.gold)


class Settling(Noting):
    """Sales settled in the POS (module "pos_sale") count once."""

    def settle(self, sale, *quantities):
        if not Features.of(self.env.cr).settling:
            self.skipTest("pos_sale is not installed")
        lines = sale.order_line.filtered(lambda line: not line.display_type)
        return self.pos_order(
            *[
                (
                    line.product_id,
                    quantity,
                    line.price_unit,
                    {"sale_order_origin_id": sale.id, "sale_order_line_id": line.id},
                )
                for line, quantity in zip(lines, quantities, strict=True)
                if quantity
            ],
            partner=sale.partner_id,
        )

    def test_trap_a_settled_sale_counts_in_the_pos_alone(self):
        sale = self.sale((self.pen, 2), (self.book, 1))
        sale.action_confirm()
        self.assertEqual(self.document(sale)["state"], "done")
        self.forget()
        order = self.settle(sale, 2, 1)
        self.env.cr.execute("SELECT table_name, res_id FROM loyalty_reporting_change")
        self.assertIn(("sale_order", sale.id), self.env.cr.fetchall())
        self.assertIsNone(self.document(sale))
        self.assertEqual(float(self.document(order)["amount_total"]), 53.33)

    def test_what_is_not_settled_stays_with_the_sale(self):
        program = self.program(
            "promo_code",
            {"mode": "with_code", "code": "SPRING"},
            {"discount": 10, "discount_mode": "percent"},
            trigger="with_code",
        )
        sale = self.sale((self.pen, 4), (self.book, 1))
        self.use_code(sale, "SPRING")
        sale.action_confirm()
        self.settle(sale, 1, 1, 0)
        found = self.document(sale)
        left = round(sale.amount_total - 10 - 33.33, 2)
        self.assertEqual(float(found["amount_total"]), left)
        self.assertEqual(set(self.shown(sale, program)), {self.pen})
        self.assertEqual(self.shown(sale, program)[self.pen][0], 3)

    def test_bookings_of_a_settled_sale_stay_in_the_ledger(self):
        program = self.loyalty()
        card = self.card(program, 30, self.customer)
        sale = self.sale((self.pen, 2))
        self.claim(sale, program, card)
        sale.action_confirm()
        before = self.ledger(card)
        self.settle(sale, 2, 0)
        self.assertIsNone(self.document(sale))
        self.assertEqual(self.ledger(card), before)
        self.assertIsNone(self.difference(card))
