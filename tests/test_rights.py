import json
import os
from dataclasses import replace
from decimal import Decimal
from itertools import product

from odoo.tests import tagged

from ..core.queries import REPORTS
from ..core.queries.base import Audience
from ..core.queries.cache import _client
from .test_grpc import GrpcCase
from .test_rest import YEARS

ROLES = ("manager", "user", "promotions", "membership", "points", "nobody")
REFUSED = {"PERMISSION_DENIED": 403, "NOT_FOUND": 404, "UNAUTHENTICATED": 401}
PROMOTIONS = "promotions/performance"
# Odoo's own views of what each audience reads over the API.
OBJECTS = {
    "promotion.order": Audience.PROMOTIONS,
    "promotion.report.detail": Audience.PROMOTIONS,
    "membership.analytics": Audience.MEMBERSHIP,
    "membership.event": Audience.MEMBERSHIP,
    "point.analytics": Audience.POINTS,
}


@tagged("post_install", "-at_install")
class TestRights(GrpcCase):
    """Every protocol × report × role × company, with Odoo's own rights as the oracle."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users, cls.keys = {}, {}
        for role in ROLES:
            group = None if role == "nobody" else role
            cls.users[role] = cls.user(f"rights_{role}", group=group)
            cls.keys[role] = cls.api_key(cls.users[role])
        cls.both = cls.user("rights_both")
        cls.both.company_ids |= cls.companies["b"]
        cls.users["of both"], cls.keys["of both"] = cls.both, cls.api_key(cls.both)

    def setUp(self):
        super().setUp()
        # Whatever the first caller put there, the next one finds.
        self.settings = replace(self.settings, redis_url=os.environ["LR_REDIS_URL"])
        redis = _client(self.settings.redis_url)
        for key in redis.scan_iter("loyalty_reporting:*"):
            redis.delete(key)

    # Each returns the status of the answer, and its rows where there are any.

    def of_rest(self, key, slug, asked):
        answer = self.get(key, f"/api/v1/reports/{slug}", **asked)
        return answer.status_code, self.read(answer.text).get("data")

    def of_ndjson(self, key, slug, asked):
        answer = self.get(key, f"/api/v1/reports/{slug}", format="ndjson", **asked)
        rows = map(self.read, answer.text.splitlines())
        return answer.status_code, [*rows] if answer.ok else None

    def of_rpc(self, key, slug, asked):
        answer = self.post("/api/v1/rpc/reports", key, slug, asked)
        if "error" in answer:
            return answer["error"]["data"]["problem"]["status"], None
        return 200, answer["result"]["data"]

    def of_graphql(self, key, slug, asked):
        names = {
            "date_from": "dateFrom",
            "date_to": "dateTo",
            "company_id": "companyId",
        }
        given = [f'{names[n]}: "{v}"' for n, v in asked.items() if n in names]
        field, shown = {
            PROMOTIONS: ("promotionPerformance", "totalAmount"),
            "membership/analytics": ("membershipAnalytics", "totalSpending"),
            "points/transactions": ("pointTransactions", "pointsAmount"),
            "points/activity": ("pointsActivity", "pointsEarned"),
        }[slug]
        if "group_by" in asked:
            given += ["groupBy: PERIOD", "dimensions: []"]
        document = (
            f"{{ {field}Connection({', '.join(given)}) {{ nodes {{ {shown} }} }} }}"
        )
        answer = self.url_open(
            "/api/v1/graphql",
            data=json.dumps({"query": document}),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            },
        )
        found = self.read(answer.text)
        if "errors" in found:
            return found["errors"][0]["extensions"]["problem"]["status"], None
        nodes = found["data"][f"{field}Connection"]["nodes"]
        return 200, [{"total_amount": node.get("totalAmount")} for node in nodes]

    def of_grpc(self, key, slug, asked):
        method = "".join(part.capitalize() for part in slug.split("/"))
        request = {
            n: v for n, v in asked.items() if n not in ("group_by", "dimensions")
        }
        if "group_by" in asked:
            request["group_by"] = "GROUP_BY_PERIOD"
        if company := request.pop("company_id", None):
            request["company_id"] = int(company)
        answer = self.call(method, key, **request)
        if "code" in answer:
            return REFUSED[answer["code"]], None
        rows = answer["messages"][0].get("rows", [])
        return 200, [{**row, "total_amount": row.get("total_amount")} for row in rows]

    def of_export(self, key, slug, asked):
        answer = self.url_open(
            "/api/v1/exports",
            data=json.dumps({"report": slug, "format": "csv", "parameters": asked}),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            },
        )
        return 200 if answer.status_code == 202 else answer.status_code, None

    def post(self, url, key, slug, asked):
        call = {"report": slug, "parameters": asked}
        answer = self.url_open(
            url,
            data=json.dumps({"jsonrpc": "2.0", "id": 1, "params": call}),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            },
        )
        return self.read(answer.text)

    def read(self, text):
        return json.loads(text, parse_float=Decimal)

    @property
    def protocols(self):
        kinds = ("rest", "ndjson", "rpc", "graphql", "grpc", "export")
        return {kind: getattr(self, f"of_{kind}") for kind in kinds}

    def asked(self, slug, company):
        asked = {**YEARS, "company_id": str(company.id)}
        if hasattr(REPORTS[slug], "dimensions"):
            asked |= {"group_by": "period", "dimensions": ""}
        return asked

    def expected(self, role, slug, company):
        """What Odoo itself lets the user see: a status, and the amount of all rows."""
        user, audience = self.users[role], REPORTS[slug].audience
        if not user.has_group(f"loyalty_reporting.group_loyalty_reporting_{audience}"):
            return 403, None
        if company not in user.company_ids:
            return 404, None
        if slug != PROMOTIONS:
            return 200, None
        rows = self.env["promotion.order"].with_user(user).search([])
        return 200, sum(
            rows.filtered(lambda r: r.company_id == company).mapped("amount")
        )

    def test_nobody_gets_more_or_less_by_any_protocol_than_odoo_shows(self):
        for role, slug, letter in product(self.users, REPORTS, "ab"):
            company = self.companies[letter]
            status, amount = self.expected(role, slug, company)
            for name, ask in self.protocols.items():
                for time in ("first", "again, from the cache"):
                    with self.subTest(name, role=role, slug=slug, of=letter, time=time):
                        asked = self.asked(slug, company)
                        found, rows = ask(self.keys[role], slug, asked)
                        self.assertEqual(found, status)
                        if amount is not None and rows:
                            shown = sum(
                                Decimal(str(row["total_amount"])) for row in rows
                            )
                            self.assertAlmostEqual(float(shown), amount, places=2)

    def test_there_is_something_to_leak(self):
        for role, letter in (("user", "a"), ("of both", "b")):
            _status, amount = self.expected(role, PROMOTIONS, self.companies[letter])
            self.assertGreater(amount, 0)
        _status, rows = self.of_rest(
            self.keys["user"], PROMOTIONS, self.asked(PROMOTIONS, self.companies["a"])
        )
        self.assertTrue(rows)

    def test_a_program_of_another_company_is_not_there_by_any_protocol(self):
        other = self.key("program", "Other")
        self.env.cr.execute(
            "SELECT external_id FROM loyalty_reporting_program WHERE id = %s", [other]
        )
        [(number,)] = self.env.cr.fetchall()
        for name in ("rest", "ndjson", "rpc", "export"):
            for given in (str(number), "987654321"):
                asked = self.asked(PROMOTIONS, self.companies["a"])
                ask = self.protocols[name]
                found = ask(
                    self.keys["user"], PROMOTIONS, {**asked, "program_id": given}
                )
                # An export looks for it when it runs.
                self.assertIn(found[0], (404, 200) if name == "export" else (404,))

    def restrict(self, model):
        """Let a rule restrict what users see of a model."""
        group = self.env.ref("loyalty_reporting.group_loyalty_reporting_user")
        return self.env["ir.rule"].create(
            {
                "name": "Only old ones",
                "model_id": self.env["ir.model"]._get_id(model),
                "domain_force": "[('date', '<', '2000-01-01')]",
                "groups": [(4, group.id)],
            }
        )

    def test_rules_of_others_refuse_by_every_protocol(self):
        for model, audience in OBJECTS.items():
            rule = self.restrict(model)
            for slug, (name, ask) in product(REPORTS, self.protocols.items()):
                with self.subTest(name, model=model, slug=slug):
                    asked = self.asked(slug, self.companies["a"])
                    status = 403 if REPORTS[slug].audience == audience else 200
                    self.assertEqual(ask(self.keys["user"], slug, asked)[0], status)
            rule.unlink()
