"""Real POS orders and sales, made by Odoo's own code, and what the source reads of them."""

import io
import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from unittest.mock import patch
from uuid import uuid4

from odoo import fields
from odoo.addons.point_of_sale.tests.common import CommonPosTest
from odoo.fields import Command
from odoo.tools import SQL
from psycopg2.extensions import cursor

from ..core import database, sync
from ..core.records import Chunk
from ..core.sources import engine_pg
from ..core.sources.odoo import triggers
from ..core.sources.odoo.features import Features
from ..core.sources.odoo.queries import ALL, Queries
from ..core.stores import staging

_BEFORE = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)"
EARLIER = (
    f"UPDATE loyalty_reporting_change SET txid = {_BEFORE}::text::xid8",
    f"UPDATE loyalty_reporting_grade_change SET txid = {_BEFORE}::text::xid8",
    "UPDATE loyalty_reporting_cursor SET position ="
    f" jsonb_set(position, '{{low}}', to_jsonb({_BEFORE})) WHERE position ? 'low'",
)


class Borrowed:
    """The test's own connection, lent to ``core``: its transactions are savepoints."""

    autocommit = False

    def __init__(self, connection):
        self._connection = connection

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def cursor(self, name=None):
        return self._connection.cursor(name=name, cursor_factory=cursor)

    def __enter__(self):
        self._do("SAVEPOINT borrowed")
        return self

    def __exit__(self, kind, error, traceback):
        self._do("ROLLBACK TO borrowed" if kind else "RELEASE borrowed")

    def _do(self, statement):
        with self.cursor() as cr:
            cr.execute(statement)

    def nothing(self, *_arguments, **_values):
        """Stand in for what would end or change the transaction."""

    commit = rollback = close = set_client_encoding = set_session = nothing


@dataclass
class Engine:
    """A source that has one order to tell."""

    tables: dict
    lag_seconds = 0.0
    notice = ""

    @contextmanager
    def reading(self):
        yield self

    def plan(self, position):
        return position or {"phase": "window"}

    def months(self, _position):
        return []

    def chunks(self, position, _documents_of):
        key = self.tables["stage_order"].partition("\t")[0]
        writers = {
            stage: lambda file, text=text: file.write(text.encode())
            for stage, text in self.tables.items()
        }
        yield Chunk(writers, position, keys={"order": (key,)})


def piped(write, cr, statement, guard=None):
    """Copy as ``copying.pipe`` does, one side after the other: it is one connection."""
    file = io.BytesIO()
    write(file)
    file.seek(0)
    cr.copy_expert(statement, file)
    return []


class OdooSourceCase(CommonPosTest):
    """A shop with a POS and sales, whose changes are noted."""

    @classmethod
    def get_default_groups(cls):
        return (
            super().get_default_groups()
            | cls.quick_ref("sales_team.group_sale_manager")
            | cls.quick_ref("loyalty_reporting.group_loyalty_reporting_manager")
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["loyalty.program"].search([]).active = False
        cls.company = cls.env.company
        cls.company.loyalty_reporting_system = "odoo"
        cls.customer = cls.env["res.partner"].create({"name": "Ada"})
        cls.pen = cls.good("Pen", "10.00")
        cls.book = cls.good("Book", "33.33")
        cls.taxed = cls.good("Taxed", "19.99", cls.tax_fiften_excl)
        cls.gift = cls.good("Gift card 50", "50.00")
        cls.pos_config_usd.open_ui()
        triggers.install(cls.env.cr, Features.of(cls.env.cr))

    @classmethod
    def good(cls, name, price, tax=None):
        return cls.env["product.product"].create(
            {
                "name": name,
                "list_price": float(price),
                "taxes_id": [Command.set(tax.ids if tax else [])],
                "available_in_pos": True,
                "type": "service",
                "invoice_policy": "order",
            }
        )

    @classmethod
    def program(cls, program_type, rule=None, reward=None, **values):
        """Create a program with one rule and one reward (or none)."""
        return cls.env["loyalty.program"].create(
            {
                "name": f"A {program_type}",
                "program_type": program_type,
                "company_id": cls.env.company.id,
                "currency_id": cls.env.company.currency_id.id,
                "rule_ids": [
                    Command.clear(),
                    *([Command.create(rule)] if rule is not None else []),
                ],
                "reward_ids": [
                    Command.clear(),
                    *([Command.create(reward)] if reward is not None else []),
                ],
                **values,
            }
        )

    @classmethod
    def loyalty(cls, **reward):
        """Create a program that gives a point for each unit of money."""
        return cls.program(
            "loyalty",
            {"reward_point_amount": 1, "reward_point_mode": "money"},
            {
                "reward_type": "discount",
                "discount_mode": "per_order",
                "discount": 5,
                "required_points": 10,
                **reward,
            },
            applies_on="both",
            trigger="auto",
        )

    @classmethod
    def card(cls, program, points=0, customer=None, **values):
        """Give out a card as the wizard does, which leaves a row in its history."""
        wizard = cls.env["loyalty.generate.wizard"].create(
            {
                "program_id": program.id,
                "mode": "selected" if customer else "anonymous",
                "customer_ids": [Command.set(customer.ids if customer else [])],
                "coupon_qty": 1,
                "points_granted": points,
                **values,
            }
        )
        return wizard.generate_coupons()

    # ------------------------------------------------------------ POS

    def pos_order(self, *lines, partner=None, coupons=None, config=None, **values):
        """Pay an order in the POS as its client does.

        :param lines: (product, quantity, price, extra values of the line)
        :param coupons: what ``confirm_coupon_programs`` gets, as from the client
        """
        config = config or self.pos_config_usd
        if not config.current_session_id:
            config.open_ui()
        commands = [self._pos_line(*line) for line in lines]
        total = sum(command[2]["price_subtotal_incl"] for command in commands)
        untaxed = sum(command[2]["price_subtotal"] for command in commands)
        uuid = str(uuid4())
        data = {
            "amount_paid": total,
            "amount_return": 0,
            "amount_tax": total - untaxed,
            "amount_total": total,
            "date_order": fields.Datetime.to_string(fields.Datetime.now()),
            "fiscal_position_id": False,
            "pricelist_id": config.pricelist_id.id,
            "name": f"Order {uuid}",
            "last_order_preparation_change": "{}",
            "lines": commands,
            "partner_id": partner.id if partner else False,
            "session_id": config.current_session_id.id,
            "payment_ids": [
                Command.create(
                    {
                        "amount": total,
                        "name": fields.Datetime.now(),
                        "payment_method_id": config.payment_method_ids.filtered(
                            lambda m: not m.split_transactions
                        )[0].id,
                    }
                )
            ],
            "uuid": uuid,
            "user_id": self.env.uid,
            "to_invoice": False,
            "state": "paid",
            **values,
        }
        self.env["pos.order"].sync_from_ui([data])
        order = self.env["pos.order"].search([("uuid", "=", uuid)])
        if coupons:
            order.confirm_coupon_programs(coupons)
        return order

    def _pos_line(self, product, quantity, price=None, values=None):
        price = product.list_price if price is None else price
        # A product without a company has taxes of all of them.
        taxes = product.sudo().taxes_id.filtered(
            lambda tax: tax.company_id == self.company
        )
        taxes = taxes.with_env(self.env)
        tax = taxes.compute_all(price, self.company.currency_id, quantity, product)
        return Command.create(
            {
                "id": uuid4().int % 10**6,
                "pack_lot_ids": [],
                "price_unit": price,
                "product_id": product.id,
                "price_subtotal": tax["total_excluded"],
                "price_subtotal_incl": tax["total_included"],
                "qty": quantity,
                "tax_ids": [Command.set(taxes.ids)],
                "discount": 0.0,
                **(values or {}),
            }
        )

    def reward_line(self, program, amount, card=None, points=0, quantity=1):
        """Return the line with which the POS takes a reward off the total."""
        reward = program.reward_ids
        return (
            reward.discount_line_product_id,
            quantity,
            -amount,
            {
                "is_reward_line": True,
                "reward_id": reward.id,
                "coupon_id": card.id if card else False,
                "points_cost": points,
                "reward_identifier_code": str(reward.id),
            },
        )

    @staticmethod
    def won(program, points, card=None, partner=None):
        """Return what the client says of a card: what the order changes, net."""
        key = card.id if card else -1
        said = {
            "points": points,
            "program_id": program.id,
            "coupon_id": key,
            "barcode": "",
            "line_codes": [str(program.reward_ids[:1].id)],
        }
        if partner:
            said["partner_id"] = partner.id
        return {key: said}

    # ------------------------------------------------------------ sales

    def sale(self, *lines, partner=None):
        """Create a quotation; lines are (product, quantity)."""
        return self.env["sale.order"].create(
            {
                "partner_id": (partner or self.customer).id,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                    for product, quantity in lines
                ],
            }
        )

    def claim(self, order, program, card=None):
        """Have the order get its points, and claim the program's only reward."""
        order._update_programs_and_rewards()
        card = card or order.coupon_point_ids.coupon_id.filtered(
            lambda c: c.program_id == program
        )
        problem = order._apply_program_reward(program.reward_ids, card)
        self.assertFalse(problem)
        order._update_programs_and_rewards()
        return card

    def use_code(self, order, code):
        """Enter a code, and claim what it gives."""
        for card, rewards in order._try_apply_code(code).items():
            self.assertFalse(order._apply_program_reward(rewards, card))
        order._update_programs_and_rewards()

    # ------------------------------------------------------------ reading

    def read(self, table, scope=ALL):
        """Return the rows of a table of the contract, numbers exact."""
        self.env.flush_all()
        text = Queries(Features.of(self.env.cr)).of(table, scope)
        query = SQL(text.replace("%", "%%"))
        self.env.cr.execute(SQL("SELECT to_jsonb(q)::text FROM (%s) q", query))
        rows = [json.loads(r, parse_float=Decimal) for (r,) in self.env.cr.fetchall()]
        ids = [row["id"] for row in rows] if table != "deleted" else []
        self.assertEqual(len(ids), len(set(ids)), f"{table}: an id occurs twice")
        return rows

    def document(self, order):
        """Return the header of an order's document, or None."""
        found = [r for r in self.read("processed_order") if r["id"] == key(order)]
        return found[0] if found else None

    def lines(self, order, program=None):
        """Return the program lines of an order, by product."""
        return [
            row
            for row in self.read("order_promotion_line")
            if row["order_id"] == key(order)
            and (program is None or row["program_id"] == program.id)
        ]

    def shown(self, order, program):
        """Return {product: (qty, amount, discount)} of a program's lines."""
        names = {p.id: p for p in self.env["product.product"].search([])}
        return {
            names.get(row["product_id"]): tuple(
                Decimal(row[name]) for name in ("qty", "amount", "discount")
            )
            for row in self.lines(order, program)
        }

    def ledger(self, card):
        """Return (type, points, balance after) of a card's rows, in order."""
        rows = [r for r in self.read("point_transaction") if r["card_id"] == card.id]
        return [
            (row["transaction_type"], row["points_amount"], row["balance_after"])
            for row in sorted(rows, key=lambda row: row["seq"])
        ]

    def booked(self, order, program):
        """Return (points earned, points redeemed) on a program's line."""
        [row] = self.lines(order, program)
        return row["points_earned"], row["points_redeemed"]

    def applied(self, order):
        """Return the programs that were evaluated as applied."""
        found = [
            row["program_id"]
            for row in self.read("promotion_evaluation")
            if row["order_id"] == key(order)
        ]
        return self.env["loyalty.program"].browse(sorted(found))

    # ------------------------------------------------------------ the whole road

    def synchronise(self, source=None, tables=None):
        """Run a source to its end, in the transaction of the test.

        :param tables: what an engine has to tell: staging table → COPY text of one order
        """
        source = source or self.env.ref("loyalty_reporting.source_odoo")
        self.env.flush_all()
        # What this very transaction notes would wait for its end: date it back.
        for statement in EARLIER:
            self.env.cr.execute(statement)
        borrowed = Borrowed(self.env.cr._cnx)
        with ExitStack() as patches:
            for module in (database, engine_pg):
                lend = patch.object(module, "connect", return_value=borrowed)
                patches.enter_context(lend)
            patches.enter_context(patch.object(staging, "pipe", piped))
            pipeline = self.env["loyalty.reporting.pipeline"]
            connector = Engine(tables) if tables else source._connector()
            result = sync.run(connector, {}, workers=1, **pipeline._feed(source))
        self.env.cr.execute("DELETE FROM loyalty_reporting_change")
        self.env["loyalty.reporting.customer"]._link(self.env.cr)
        self.env.invalidate_all()
        self.assertEqual(result.state, "done", result.message)
        return result

    def dead_letters(self):
        """Return (table, document, reason) of what was refused."""
        self.env.cr.execute(
            "SELECT table_name, document_key, reason FROM loyalty_reporting_dead_letter"
            " WHERE state = 'open' ORDER BY 1, 2"
        )
        return self.env.cr.fetchall()

    def reported(self, program):
        """Return {bucket's store or None: sums} of a program, as the reports show it."""
        self.env.cr.execute(
            "SELECT count(DISTINCT o.order_key) FILTER (WHERE NOT o.is_refund),"
            " coalesce(sum(o.qty), 0)::text, coalesce(sum(o.amount), 0)::text,"
            " coalesce(sum(o.discount), 0)::text"
            " FROM promotion_order_data o"
            " JOIN loyalty_reporting_program p ON p.id = o.program_key"
            " WHERE p.source = 'odoo' AND p.external_id = %s",
            [program.id],
        )
        count, *sums = self.env.cr.fetchone()
        return (count, *map(Decimal, sums))

    def difference(self, card):
        """Return what a card has beyond its history, as exact text, or None."""
        found = self.env["loyalty.reporting.change"]._card_differences(card)
        return found[0]["difference"] if found else None


def key(order):
    """Return the key of an order's document."""
    return f"{order._name},{order.id}"
