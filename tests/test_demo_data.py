"""Demo data: whose figures they are, that they are right, and when they go."""

import os
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from unittest.mock import patch

import simplejson
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from ..core import database, sync
from ..core.records import RunResult
from ..core.sources.demo_shop import CUSTOMERS, PROGRAMS, STORES, history
from ..core.stores import staging
from .odoo_source import Borrowed, piped
from .oracle import generic

SERVICES = ("ENGINE_DSN", "STREAM_URL", "CLICKHOUSE_URL", "REDIS_URL")
EVER = {"date_from": "2000-01-01", "date_to": "2100-01-01"}
DSN = "postgresql://reader:secret@engine.example:5432/engine"


@tagged("post_install", "-at_install")
class TestDemoData(TransactionCase):
    """The main company of an installation without an engine."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        variables = {f"LOYALTY_REPORTING_{name}": "" for name in SERVICES}
        cls.startClassPatcher(patch.dict(os.environ, variables))
        cls.company = cls.env["res.company"].create({"name": "Demo"})
        cls.company.loyalty_reporting_tz = "Asia/Jakarta"
        cls.source = cls.env.ref("loyalty_reporting.source_demo")
        cls.demo = cls.env["loyalty.reporting.demo"]
        cls.env.user.company_ids += cls.company

    def setUp(self):
        super().setUp()
        # Reports are answered over a cursor of their own.
        self.enterContext(self.enter_registry_test_mode())

    @contextmanager
    def lent(self):
        """Have the data path work in the transaction of the test."""
        self.env.flush_all()
        borrowed = Borrowed(self.env.cr._cnx)
        with ExitStack() as patches:
            lend = patch.object(database, "connect", return_value=borrowed)
            patches.enter_context(lend)
            patches.enter_context(patch.object(staging, "pipe", piped))
            yield
        self.env.invalidate_all()

    def opened(self):
        """Have the demo shown and read, as it is after the installation's commit."""
        self.demo._open(self.company)
        with self.lent():
            self.demo._read()

    def rows(self):
        """Return the rows of the contract that the demo's shop has told."""
        position = self.source._position()
        found = {}
        for document in history(
            datetime.fromisoformat(position["since"]).date(),
            datetime.now(UTC),
            "Asia/Jakarta",
            self.company.currency_id.name,
        ):
            if document.at <= datetime.fromisoformat(position["until"]):
                for table, some in document.rows.items():
                    found.setdefault(table, []).extend(some)
        return found

    def report(self, slug, **given):
        """Return the rows of a report of the company."""
        reader = self.env["loyalty.reporting.reader"]
        asked = {**EVER, "company_id": str(self.company.id), **given}
        query = reader._query(slug, {**asked, "per_page": "1000"})
        return reader._answer(query).rows

    def count(self):
        """Return how many documents of the demo there are."""
        self.env.cr.execute(
            "SELECT count(*) FROM fact_document WHERE source = 'demo' AND NOT is_deleted"
        )
        return self.env.cr.fetchone()[0]

    # ------------------------------------------------------------ the figures

    def test_the_reports_show_what_the_documents_say(self):
        self.opened()
        rows, zone = self.rows(), "Asia/Jakarta"
        expected = generic.performance(rows, zone, grain="month")
        found = self.report("promotions/performance", group_by="month")
        self.assertEqual(len(found), len(expected))
        by_key = {(r["program_id"], f"{r['date']}"): r for r in found}
        for row in expected:
            shown = by_key[row["program_id"], f"{row['date']}"]
            for name in ("total_amount", "total_discount", "total_transactions"):
                self.assertEqual(Decimal(shown[name]), row[name], name)
        flows = generic.flows(rows, zone)
        totals = self.report("points/activity", group_by="year", dimensions="")
        for name in ("points_earned", "points_redeemed", "points_expired"):
            self.assertTrue(flows[name])
            shown = sum(Decimal(row[name]) for row in totals)
            self.assertEqual(shown, flows[name], name)
        held = generic.members_on(rows, zone)
        years = self.report(
            "membership/analytics", group_by="year", dimensions="", measures="members"
        )
        self.assertEqual(years[-1]["members"], sum(held.values()))

    def test_the_dashboard_shows_them_and_says_that_they_are_the_demo(self):
        self.opened()
        given = {"company_id": self.company.id, "period": "last_90_days"}
        answer = self.env["loyalty.reporting.dashboard"]._dashboard(given)
        self.assertTrue(answer["is_demo"])
        for name, panel in answer["panels"].items():
            shown = simplejson.loads(simplejson.dumps(panel, use_decimal=True))
            self.assertNotIn("error", shown, name)
            self.assertTrue(shown["data"], name)

    def test_stores_levels_and_customers_have_names(self):
        self.env["res.partner"].create({"name": "Ada Novak", "ref": CUSTOMERS[0]})
        self.opened()
        of_demo = [("source", "=", "demo")]
        shops = self.env["loyalty.reporting.shop"].search(of_demo)
        self.assertEqual({*shops.mapped("name")}, {*STORES.values()})
        programs = self.env["loyalty.reporting.program"].search(of_demo)
        names = {name for name, _kind in PROGRAMS.values()}
        self.assertEqual({*programs.mapped("name")}, names)
        customers = self.env["loyalty.reporting.customer"].search(of_demo)
        self.assertIn("Ada Novak", customers.mapped("display_name"))
        levels = self.env["loyalty.reporting.membership.product"].search(of_demo)
        spends = levels.with_company(self.company).mapped("threshold")
        self.assertEqual(sorted(spends), [0, 300, 600])

    # ------------------------------------------------------------ whose they are

    def test_an_installation_without_an_engine_shows_the_demo(self):
        main = self.env.ref("base.main_company")
        with patch.object(type(self.demo), "_obstacle", lambda *_: ""):
            self.demo._open_at_installation()
        self.assertEqual(main.loyalty_reporting_system, "demo")
        self.assertTrue(self.source.active)

    def test_beside_an_engine_there_is_no_demo(self):
        with patch.dict(os.environ, {"LOYALTY_REPORTING_ENGINE_DSN": DSN}):
            self.demo._open_at_installation()
            with self.assertRaises(UserError):
                self.demo._open(self.company)
        self.assertFalse(self.source.active)

    def test_a_company_with_figures_gets_no_demo(self):
        self.opened()
        self.company.flush_recordset()
        with self.assertRaisesRegex(UserError, "figures already"):
            self.demo._open(self.company)

    # ------------------------------------------------------------ when they go

    def test_what_is_really_there_ends_the_demo_before_it_is_loaded(self):
        self.opened()
        self.assertGreater(self.count(), 1000)
        engine = self.env.ref("loyalty_reporting.source_engine")
        engine.company_map_ids.company_id = self.company
        seen = []

        def run(*_arguments, mapping, **_more):
            seen.append((self.count(), mapping))
            return RunResult("done")

        with self.lent(), patch.object(sync, "run", run):
            self.env["loyalty.reporting.pipeline"]._sync(engine)
        self.assertEqual(seen, [(0, {1: self.company.id})])
        self.assertEqual(self.company.loyalty_reporting_system, "engine")
        self.assertFalse(self.source.active)

    def test_another_system_of_record_removes_it(self):
        self.opened()
        with self.lent():
            self.company.loyalty_reporting_system = "odoo"
        self.assertEqual(self.count(), 0)
        self.assertFalse(self.source.active)
        for model in ("program", "shop", "customer", "card", "membership.product"):
            records = self.env[f"loyalty.reporting.{model}"]
            self.assertFalse(records.search([("source", "=", "demo")]), model)
        self.assertEqual(self.report("promotions/performance", group_by="year"), [])

    def test_deleting_its_source_removes_it(self):
        self.opened()
        with self.lent():
            self.source.unlink()
        self.assertEqual(self.count(), 0)
        self.assertEqual(self.company.loyalty_reporting_system, "engine")
        with self.assertRaisesRegex(UserError, "was deleted"):
            self.demo._open(self.company)

    def test_a_mapping_of_another_company_leaves_it(self):
        self.demo._open(self.company)
        self.env["loyalty.reporting.company.map"].create(
            {
                "source_id": self.env.ref("loyalty_reporting.source_engine").id,
                "external_id": 77,
                "company_id": self.company.id,
            }
        )
        self.assertEqual(self.company.loyalty_reporting_system, "demo")
