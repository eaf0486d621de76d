import json
from datetime import datetime
from decimal import Decimal

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..core.stores.partitions import ensure
from .test_rest import YEARS, RestCase

STANDING, REPORTS = "/api/v1/standing", "/api/v1/rpc/reports"
AT = "2024-04-15T12:00:00Z"
ANA, BEN, EVE = 970001, 970002, 970003
PARTITIONED = ("customer_order_data", "point_analytics_data")


class StandingCase(RestCase):
    """Ana buys, earns and redeems in company A; Ben is her second number; Eve is B's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.companies["a"].currency_id = cls.env.ref("base.USD")
        cls.partner = cls.env["res.partner"].create({"name": "Ana"})
        cls.theirs = cls.env["res.partner"].create(
            {"name": "Eve", "company_id": cls.companies["b"].id}
        )
        cls.silver, cls.gold = (
            cls._insert(
                "loyalty_reporting_membership_product",
                {
                    "source": "test", "external_id": rank, "name": f"{level} card",
                    "level": level, "rank": rank, "is_known": True,
                },
                returning="id",
            )
            for rank, level in ((2, "Silver"), (3, "Gold"))
        )  # fmt: skip
        cls.program = cls.key("program", "Club")
        cls.ana = cls.know(ANA, cls.partner)
        cls.card(cls.ana, ANA, "150.5", "a")
        cls.eve = cls.know(EVE, cls.theirs)
        cls.card(cls.eve, EVE, "77", "b")
        cls.env.invalidate_all()
        cls.cashier = cls.user("rpc_cashier", group=None)
        cls.cashier.group_ids += cls.env.ref("point_of_sale.group_pos_user")
        cls.points_reader = cls.user("rpc_points", group="points")
        cls.key_of_cashier = cls.api_key(cls.cashier)

    @classmethod
    def know(cls, number, partner=None):
        key = cls.key("customer", number)
        cls.env["loyalty.reporting.customer"].browse(key).partner_id = partner
        cls.env.flush_all()
        return key

    @classmethod
    def card(cls, customer, number, balance, company):
        """A card with an earning, a redemption and the sale that earned."""
        source = {"source": "test", "external_id": number}
        key = cls._insert(
            "loyalty_reporting_card",
            {**source, "partner_id": number, "is_known": True},
            returning="id",
        )
        first, last = datetime(2024, 3, 1, 10, 15), datetime(2024, 4, 1, 9, 30)
        common = {
            "company_id": cls.companies[company].id, "customer_key": customer,
            "partner_id": number,
        }  # fmt: skip
        booking = {
            **common, "card_id": number, "program_id": cls.program, "card_key": key,
            "program_key": cls.program, "membership_product_key": 0, "amount": 0,
        }  # fmt: skip
        redeemed = Decimal(50)
        earned = Decimal(balance) + redeemed
        for row, (kind, points, instant, after) in enumerate(
            [("earn", earned, first, earned), ("redeem", redeemed, last, balance)]
        ):
            cls.book(
                "point_analytics_data", instant, **booking, transaction_id=number + row,
                seq=row, transaction_type=kind, counts_as=kind, points_counted=points,
                points_amount=points, balance_after=after, origin="shop <1>",
                expires_at=datetime(2024, 5, 10, 10) if kind == "earn" else None,
            )  # fmt: skip
        cls._insert(
            "card_state",
            {
                "card_key": key, "first_hour": first.replace(minute=0),
                "last_hour": last.replace(minute=0), "balance": balance,
            },
        )  # fmt: skip
        cls.book(
            "customer_order_data", first, **common, shop_key=1, amount="250.005",
            membership_product_key=0, is_refund=False, order_id=str(number), channel="",
        )  # fmt: skip
        cls._insert(
            "customer_day_data",
            {
                "company_id": common["company_id"], "customer_key": customer,
                "date": first.date(), "membership_product_key": 0, "load_id": 1,
                "transactions": 1, "refund_transactions": 0, "is_joined": False,
                "is_upgraded": False, "is_downgraded": False, "member_change": 0,
                "spending": "250.005", "gross_spending": "250.005", "points_earned": 0,
                "points_redeemed": 0, "points_expired": 0, "points_adjusted": 0,
            },
        )  # fmt: skip
        cls._insert(
            "membership_interval",
            {
                "customer_key": customer, "company_id": common["company_id"],
                "valid_from": first, "valid_to": "infinity",
                "membership_product_key": cls.silver, "date_from": first.date(),
                "date_to": "infinity",
            },
        )  # fmt: skip

    @classmethod
    def book(cls, table, instant, **values):
        ensure(cls.env.cr, table, [instant.date().replace(day=1)])
        cls.env.cr.execute("SELECT nextval('fact_document_order_key_seq')")
        cls._insert(
            table,
            {
                "order_key": cls.env.cr.fetchone()[0], "transaction_date": instant,
                "hour": instant.replace(minute=0), "date": instant.date(), **values,
            },
        )  # fmt: skip

    def call(self, url, params, key=None, headers=None):
        """The answer to a call, decimals kept."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        if key is not False:
            headers["Authorization"] = f"Bearer {key or self.key_of_cashier}"
        body = json.dumps({"jsonrpc": "2.0", "id": 7, "params": params})
        answer = self.url_open(url, data=body, headers=headers)
        self.assertEqual(answer.status_code, 200, answer.text)
        found = json.loads(answer.text, parse_float=Decimal)
        self.assertEqual((found["jsonrpc"], found["id"]), ("2.0", 7))
        return found

    def standing(self, key=None, **params):
        found = self.call(STANDING, {"as_of": AT, **params}, key)
        self.assertNotIn("error", found)
        return found["result"]

    def problem(self, url, params, key=None, headers=None):
        error = self.call(url, params, key, headers)["error"]
        problem = error["data"]["problem"]
        self.assertEqual(error["data"]["message"], problem["detail"])
        self.assertEqual(error["data"]["debug"], "")
        return problem


@tagged("post_install", "-at_install")
class TestStanding(StandingCase):
    """Where a customer stands, for the POS."""

    def test_a_cashier_gets_what_the_popup_shows(self):
        found = self.standing(odoo_partner_id=self.partner.id)
        self.assertTrue(found["known"])
        self.assertEqual(
            found["customer"],
            {"odoo_partner_id": self.partner.id, "partner_ids": [ANA]},
        )
        [card] = found["cards"]
        self.assertEqual((card["card_id"], card["program_name"]), (ANA, "Club"))
        self.assertEqual(card["balance"], Decimal("150.50"))
        self.assertEqual(card["balance_after"], Decimal("150.50"))
        self.assertEqual(card["last_movement"], "2024-04-01T09:30:00Z")
        month = {"month": "2024-05-01", "points": Decimal("150.50")}
        self.assertEqual(card["expiring"], [month])
        self.assertEqual(found["points"]["expiring_30_days"], Decimal("150.50"))
        self.assertEqual(found["membership"]["membership_level"], "Silver")
        self.assertEqual(found["membership"]["since_date"], "2024-03-01")
        [redemption] = found["redemptions"]
        self.assertEqual((redemption["points"], redemption["date"]), (50, "2024-04-01"))
        spend = {name: period["orders"] for name, period in found["spend"].items()}
        self.assertEqual(
            spend,
            {
                "today": 0, "last_30_days": 0, "last_90_days": 1, "last_365_days": 1,
                "lifetime": 1,
            },
        )  # fmt: skip
        # Rounded half up, once.
        self.assertEqual(found["spend"]["lifetime"]["amount"], Decimal("250.01"))
        self.assertEqual(found["first_order"], found["last_order"])
        self.assertEqual(found["meta"]["date"], "2024-04-15")
        self.assertIsNone(found["suggested_reward"])

    def test_money_and_points_are_numbers_with_their_digits(self):
        body = json.dumps({"params": {"odoo_partner_id": self.partner.id, "as_of": AT}})
        answer = self.url_open(
            STANDING,
            data=body,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.key_of_cashier}",
            },
        )
        self.assertIn('"balance": 150.50', answer.text)
        self.assertIn('"amount": 250.01', answer.text)

    def test_progress_needs_a_threshold_which_a_load_does_not_touch(self):
        product = self.env["loyalty.reporting.membership.product"].browse(self.gold)
        progress = self.standing(odoo_partner_id=self.partner.id)["progress"]
        self.assertEqual(progress["next_level"]["membership_level"], "Gold")
        self.assertEqual(progress["spend"], Decimal("250.01"))
        self.assertIsNone(progress["progress"])
        product.with_company(self.companies["a"]).threshold = 1000.02
        self.env.flush_all()
        progress = self.standing(odoo_partner_id=self.partner.id)["progress"]
        self.assertEqual(progress["threshold"], Decimal("1000.02"))
        self.assertEqual(progress["missing"], Decimal("750.02"))
        self.assertAlmostEqual(float(progress["progress"]), 0.25, places=5)
        product.with_company(self.companies["a"]).threshold_days = 10
        self.env.flush_all()
        progress = self.standing(odoo_partner_id=self.partner.id)["progress"]
        self.assertEqual((progress["days"], progress["spend"]), (10, 0))
        self.assertFalse(product.with_company(self.companies["b"]).threshold)
        for bad in ({"threshold": -1}, {"threshold_days": 4000}):
            with self.assertRaises(ValidationError):
                product.write(bad)

    def test_the_reward_is_the_dearest_that_the_balance_reaches(self):
        values = {"reward_type": "discount", "discount": 5}
        program = self.env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "company_id": self.companies["a"].id,
                "reward_ids": [Command.clear()]
                + [
                    Command.create(
                        {**values, "required_points": p, "description": f"{p}"}
                    )
                    for p in (100, 120, 200)
                ],
            }
        )
        reported = self.env["loyalty.reporting.program"].browse(self.program)
        reported.odoo_program_id = program
        self.env.flush_all()
        found = self.standing(odoo_partner_id=self.partner.id)["suggested_reward"]
        self.assertEqual((found["reward_name"], found["points_missing"]), ("120", 0))
        program.reward_ids.filtered(lambda r: r.required_points < 200).unlink()
        self.env.flush_all()
        found = self.standing(odoo_partner_id=self.partner.id)["suggested_reward"]
        self.assertEqual(found["points_missing"], Decimal("49.50"))
        program.company_id = self.companies["b"]
        self.env.flush_all()
        found = self.standing(odoo_partner_id=self.partner.id)
        self.assertIsNone(found["suggested_reward"])

    def test_the_instant_decides(self):
        before = self.standing(odoo_partner_id=self.partner.id, as_of="2024-02-29")
        self.assertFalse(before["known"])
        between = self.standing(odoo_partner_id=self.partner.id, as_of="2024-03-01")
        self.assertEqual(between["points"]["balance"], Decimal("200.50"))
        self.assertEqual(between["spend"]["today"]["orders"], 1)
        self.assertEqual(between["redemptions"], [])

    def test_customers_of_merged_contacts_are_taken_together(self):
        ben = self.env["res.partner"].create({"name": "Ben"})
        self.card(self.know(BEN, ben), BEN, "10", "a")
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((ben | self.partner).ids, self.partner)
        self.env.flush_all()
        found = self.standing(odoo_partner_id=self.partner.id)
        self.assertEqual(found["customer"]["partner_ids"], [ANA, BEN])
        self.assertEqual([c["card_id"] for c in found["cards"]], [ANA, BEN])
        self.assertEqual(found["points"]["balance"], Decimal("160.50"))
        # 500.01 of 250.005 each, rounded once.
        self.assertEqual(found["spend"]["lifetime"]["amount"], Decimal("500.01"))
        self.assertEqual(found["progress"]["spend"], Decimal("250.01"))
        alone = self.standing(partner_id=BEN)
        self.assertEqual(alone["points"]["balance"], 10)

    def test_whom_nobody_knows_and_whom_the_caller_may_not_see_are_the_same(self):
        empty = self.standing(odoo_partner_id=2**31 - 5)
        self.assertFalse(empty["known"])
        self.assertEqual((empty["cards"], empty["membership"]), ([], None))
        empty["customer"]["odoo_partner_id"] = self.theirs.id
        self.assertEqual(self.standing(odoo_partner_id=self.theirs.id), empty)
        empty["customer"]["odoo_partner_id"] = None
        for number in (EVE, 999999999999, -5):
            self.assertEqual(self.standing(partner_id=number), empty)

    def test_a_cashier_sees_only_customers_with_a_contact_that_he_can_read(self):
        self.assertTrue(self.standing(partner_id=ANA)["known"])
        self.env["ir.rule"].create(
            {
                "name": "Not Ana",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": [("id", "!=", self.partner.id)],
            }
        )
        self.env.flush_all()
        self.assertFalse(self.standing(partner_id=ANA)["known"])
        self.assertFalse(self.standing(odoo_partner_id=self.partner.id)["known"])

    def test_a_reader_of_points_sees_customers_without_a_contact_too(self):
        key = self.api_key(self.points_reader)
        self.know(ANA, None)
        self.assertTrue(self.standing(key, partner_id=ANA)["known"])
        self.assertFalse(self.standing(partner_id=ANA)["known"])
        self.assertFalse(self.standing(key, partner_id=EVE)["known"])

    def test_nobody_else_is_let_in(self):
        asked = {"odoo_partner_id": self.partner.id}
        portal = self.user("rpc_portal", group=None)
        portal.group_ids = self.env.ref("base.group_portal")
        for user in (
            self.user("rpc_stranger", group=None),
            self.user("rpc_promotions", group="promotions"),
        ):
            problem = self.problem(STANDING, asked, self.api_key(user))
            self.assertEqual(problem["status"], 403)
        self.authenticate(portal.login, portal.login)
        self.assertEqual(self.problem(STANDING, asked, key=False)["status"], 403)
        self.authenticate(None, None)
        self.assertEqual(self.problem(STANDING, asked, key=False)["status"], 401)
        self.assertEqual(self.problem(STANDING, asked, key="wrong")["status"], 401)

    def test_another_company_is_not_there(self):
        asked = {"partner_id": EVE, "company_id": self.companies["b"].id}
        self.assertEqual(self.problem(STANDING, asked)["status"], 404)
        self.cashier.company_ids += self.companies["b"]
        self.env.flush_all()
        self.assertTrue(self.standing(**asked)["known"])
        self.assertFalse(self.standing(partner_id=EVE)["known"])

    def test_a_session_of_the_same_site_is_let_in_and_no_other(self):
        self.authenticate(self.cashier.login, self.cashier.login)
        asked = {"odoo_partner_id": self.partner.id}
        self.assertIn("result", self.call(STANDING, asked, key=False))
        forged = {"Sec-Fetch-Site": "cross-site"}
        problem = self.problem(STANDING, asked, key=False, headers=forged)
        self.assertEqual(problem["status"], 401)
        answer = self.url_open(
            STANDING, data='{"params": {}}', headers={"Content-Type": "text/plain"}
        )
        self.assertNotEqual(answer.status_code, 200)

    def test_hostile_questions_are_told_what_is_wrong(self):
        one = self.partner.id
        for params, name in (
            ({}, "odoo_partner_id"),
            ({"odoo_partner_id": one, "partner_id": ANA}, "odoo_partner_id"),
            ({"odoo_partner_id": "1 OR 1=1"}, "odoo_partner_id"),
            ({"odoo_partner_id": [one]}, "odoo_partner_id"),
            ({"odoo_partner_id": {"in": [one]}}, "odoo_partner_id"),
            ({"odoo_partner_id": float(one)}, "odoo_partner_id"),
            ({"odoo_partner_id": True}, "odoo_partner_id"),
            ({"odoo_partner_id": "\ud800"}, "odoo_partner_id"),
            ({"partner_id": 2**63}, "partner_id"),
            ({"partner_id": 10**400}, "partner_id"),
            ({"partner_id": ANA, "as_of": "yesterday"}, "as_of"),
            ({"partner_id": ANA, "as_of": 20240101}, "as_of"),
            ({"partner_id": ANA, "as_of": "9999-12-31T23:59:59Z"}, "as_of"),
            ({"partner_id": ANA, "as_of": "2024-02-30"}, "as_of"),
            ({"partner_id": ANA, "company_id": "x"}, "company_id"),
            ({"partner_id": ANA, "limit": 5}, "limit"),
            ([ANA], "params"),
            ("x", "params"),
        ):
            with self.subTest(params=str(params)[:50]):
                problem = self.problem(STANDING, params)
                self.assertEqual((problem["status"], problem["parameter"]), (400, name))
        deep = '{"id": 7, "params": ' + '{"a":' * 50_000 + "1" + "}" * 50_001
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.key_of_cashier}",
        }
        answer = self.url_open(STANDING, data=deep, headers=headers)
        self.assertEqual(answer.json()["error"]["data"]["problem"]["status"], 400)
        for broken in ("{", "[]"):
            answer = self.url_open(STANDING, data=broken, headers=headers)
            self.assertEqual(answer.status_code, 400, broken)
        for good in (ANA, str(ANA)):
            self.assertTrue(self.standing(partner_id=good)["known"])


@tagged("post_install", "-at_install")
class TestTill(StandingCase):
    """What a till is told when it opens."""

    def told(self, company, user=None):
        """What the till of a company gets to know of its own configuration."""
        tills = self.env["pos.config"].with_company(self.companies[company])
        till = tills.create({"name": "Till", "payment_method_ids": [(5,)]})
        loaded = tills.with_user(user or self.cashier)._load_pos_data_read(till, till)
        [found] = loaded
        return found["_has_loyalty_standing"]

    def feed(self, company):
        self._insert(
            "loyalty_reporting_source_company",
            {
                "source": "test",
                "external_id": 1,
                "company_id": self.companies[company].id,
            },  # fmt: skip
        )

    def test_a_standing_is_offered_where_a_source_knows_a_linked_customer(self):
        self.assertIs(self.told("a"), False)
        self.feed("a")
        self.assertIs(self.told("a"), True)
        self.env["loyalty.reporting.customer"].search([]).partner_id = False
        self.env.flush_all()
        self.assertIs(self.told("a"), False)

    def test_another_companys_source_offers_none(self):
        self.feed("b")
        self.assertIs(self.told("a"), False)


@tagged("post_install", "-at_install")
class TestRpcReports(StandingCase):
    """Reports over JSON-RPC: what REST answers, as the result."""

    def test_a_report_is_what_rest_answers(self):
        asked = {
            **YEARS,
            "group_by": "year",
            "per_page": 2,
            "measures": ["total_amount"],
        }
        found = self.call(
            REPORTS,
            {"report": "promotions/performance", "parameters": asked},
            self.key_of_reader,
        )["result"]
        rest = self.data(group_by="year", per_page="2", measures="total_amount")
        self.assertEqual(found, rest)
        self.assertEqual(len(found["data"]), 2)

    def test_rights_are_those_of_the_reader(self):
        asked = {"report": "promotions/performance", "parameters": YEARS}
        self.assertEqual(self.problem(REPORTS, asked)["status"], 403)
        key = self.api_key(self.points_reader)
        self.assertEqual(self.problem(REPORTS, asked, key)["status"], 403)
        self.authenticate(self.reader.login, self.reader.login)
        self.assertIn("result", self.call(REPORTS, asked, key=False))

    def test_faults_name_their_parameter(self):
        report = "promotions/performance"
        for params, status, name in (
            ({}, 400, "report"),
            ({"report": 5}, 400, "report"),
            ({"report": "no/such"}, 404, "report"),
            ({"report": report}, 400, "date_from"),
            ({"report": report, "parameters": [1]}, 400, "parameters"),
            ({"report": report, "parameters": {**YEARS, "page": 1.5}}, 400, "page"),
            ({"report": report, "parameters": {**YEARS, "page": {}}}, 400, "page"),
            ({"report": report, "parameters": {"format": "xlsx"}}, 400, "format"),
            ({"report": report, "parameters": {**YEARS, "x": "1"}}, 400, "x"),
            ({"report": report, "more": 1}, 400, "more"),
        ):
            with self.subTest(params=str(params)[:80]):
                problem = self.problem(REPORTS, params, self.key_of_reader)
                self.assertEqual(
                    (problem["status"], problem["parameter"]), (status, name)
                )
