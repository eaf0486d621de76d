import os
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import Form, TransactionCase, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..core.errors import SourceError
from ..core.records import Counts, RunResult
from ..core.sources import SOURCES, EnginePgSource, contract

DSN = "postgresql://reader:very-secret@engine.example:5432/engine"
OTHER = "postgresql://reader:very-secret@other.example:5432/shop"
PREVIEW = (["id", "name"], [(1, "<b>Spring</b>")])


@tagged("post_install", "-at_install")
class TestSource(TransactionCase):
    """A source of facts, as a manager configures it."""

    def setUp(self):
        super().setUp()
        self.source = self.env.ref("loyalty_reporting.source_engine")
        self.address(DSN)

    def address(self, dsn, name="ENGINE_DSN"):
        patcher = patch.dict(os.environ, {f"LOYALTY_REPORTING_{name}": dsn})
        patcher.start()
        self.addCleanup(patcher.stop)
        self.env.invalidate_all()

    def create(self, source_type, code="web.shop 2"):
        system = source_type if source_type in ("odoo", "demo") else "engine"
        return self.env["loyalty.reporting.source"].create(
            {"name": code, "code": code, "type": source_type, "system": system}
        )

    def shown_by_test(self, **answers):
        """Return what Test shows, with the source answering so."""
        mocks = {name: {"side_effect": answer} for name, answer in answers.items()}
        with (
            patch.object(EnginePgSource, "check", **mocks["check"]),
            patch.object(EnginePgSource, "preview", **mocks.get("preview", {})),
        ):
            action = self.source.action_test()
            return self.env[action["res_model"]].browse(action["res_id"]).result

    def test_a_new_source_reads_the_tables_of_the_contract(self):
        source = self.env["loyalty.reporting.source"].create(
            {"name": "Second", "code": "second"}
        )
        queries = {line.table_name: line.query for line in source.query_ids}
        self.assertEqual(queries, contract.default_queries())

    def test_every_type_of_source_can_be_chosen(self):
        types = dict(self.source._fields["type"].selection)
        # The latter two are roads for events, not databases that are asked.
        self.assertEqual(set(types), {*SOURCES, "stream", "push"})

    def test_an_own_query_is_what_is_read(self):
        line = self.source.query_ids.filtered(lambda q: q.table_name == "program")
        line.query = " SELECT * FROM shop.campaign; "
        queries = self.source._connector().queries
        self.assertEqual(queries["program"], "SELECT * FROM shop.campaign")
        self.assertEqual(queries["deleted"], contract.default_queries()["deleted"])

    def test_the_password_is_in_no_field(self):
        settings = self.env["res.config.settings"].create({})
        with patch.dict(os.environ, {"LOYALTY_REPORTING_CLICKHOUSE_URL": DSN}):
            copy = self.env["loyalty.reporting.clickhouse"].browse(1)
            for record in (self.source, settings, copy):
                self.assertNotIn("very-secret", str(record.read()), record._name)
        self.assertIn("reader:***@engine.example", self.source.address)

    def test_a_source_without_an_address_says_so(self):
        self.address("")
        self.assertFalse(self.source.is_configured)
        self.assertIn(
            "LOYALTY_REPORTING_ENGINE_DSN",
            self.env["loyalty.reporting.source.test"]
            .create({"source_id": self.source.id})
            .result,
        )

    def test_test_shows_the_first_rows_of_each_table(self):
        shown = self.shown_by_test(check=[[]], preview=[PREVIEW] * len(contract.TABLES))
        for table in contract.TABLES:
            self.assertIn(table, shown)
        self.assertIn("&lt;b&gt;Spring", shown)

    def test_test_shows_each_fault(self):
        shown = self.shown_by_test(
            check=[["program: no such table", "qty is not numeric"]]
        )
        self.assertIn("program: no such table", shown)
        self.assertIn("qty is not numeric", shown)

    def test_test_shows_why_the_engine_cannot_be_reached(self):
        shown = self.shown_by_test(check=SourceError("The server does not answer."))
        self.assertIn("The server does not answer.", shown)

    def test_a_source_that_was_read_keeps_its_code(self):
        source = self.env["loyalty.reporting.source"].create(
            {"name": "Second", "code": "second"}
        )
        source.code = "other"
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_run (job, source_name, state)"
            " VALUES ('sync', 'other', 'done')"
        )
        self.env.invalidate_all()
        with self.assertRaises(UserError):
            source.code = "third"

    def test_the_last_run_is_shown(self):
        self.env.cr.execute(
            "INSERT INTO loyalty_reporting_run"
            " (job, source_name, state, lag_seconds, message) VALUES"
            " ('sync', 'engine', 'done', 0, ''), ('sync', 'engine', 'failed', 7, 'Away.')"
        )
        self.env.invalidate_all()
        self.assertEqual(
            (self.source.last_state, self.source.last_message, self.source.lag_seconds),
            ("failed", "Away.", 7),
        )

    def test_sources_of_one_system_share_their_companies(self):
        self.env["loyalty.reporting.source"].create(
            {
                "name": "Second",
                "code": "second",
                "active": False,
                "company_map_ids": [
                    (0, 0, {"external_id": 5, "company_id": self.env.company.id})
                ],
            }
        )
        mapping = self.source._mapping()
        self.assertEqual(mapping[5], self.env.company.id)
        self.assertIn(1, mapping)

    def test_synchronise_now_tells_how_it_went(self):
        for state, kind, text in (
            ("done", "success", "12 rows loaded"),
            ("partial", "info", "the next run goes on"),
            ("busy", "warning", "Another worker"),
            ("failed", "danger", "The server is away."),
        ):
            message = text if state in ("busy", "failed") else ""
            result = RunResult(state, Counts(rows_loaded=12), message=message)
            pipeline = type(self.env["loyalty.reporting.pipeline"])
            with patch.object(pipeline, "_sync", return_value=result):
                shown = self.source.action_sync()["params"]
            self.assertEqual(shown["type"], kind)
            self.assertIn(text, shown["message"])

    def test_a_copy_has_a_code_of_its_own(self):
        copy = self.source.copy()
        self.assertEqual(copy.code, "engine_copy")
        self.assertEqual(len(copy.query_ids), len(self.source.query_ids))

    # ------------------------------------------------------------ addresses

    def test_an_address_of_its_own_comes_before_that_of_its_type(self):
        second = self.create("engine_pg")
        self.assertEqual(second._connector().dsn, DSN)
        self.address(OTHER, "SOURCE_WEB_SHOP_2_URL")
        self.assertEqual(second._connector().dsn, OTHER)
        self.assertIn("other.example", second.address)
        self.assertNotIn("very-secret", second.address)
        self.assertEqual(self.source._connector().dsn, DSN)

    def test_an_address_of_its_own_is_enough(self):
        self.address("")
        second = self.create("engine_pg")
        self.assertFalse(second.is_configured)
        self.address(OTHER, "SOURCE_WEB_SHOP_2_URL")
        self.assertTrue(second.is_configured)
        self.assertFalse(self.source.is_configured)

    def test_the_address_of_a_stream_is_not_the_engine_s(self):
        self.address("", "STREAM_URL")
        stream = self.env.ref("loyalty_reporting.source_stream")
        self.assertFalse(stream.is_configured)
        self.address("redis://:very-secret@stream.example:6379/0", "STREAM_URL")
        self.assertTrue(stream.is_configured)
        self.assertEqual(stream.address, "redis://:***@stream.example:6379/0")

    def test_odoo_and_senders_need_no_address(self):
        self.address("")
        odoo, push = self.create("odoo", "here"), self.create("push")
        self.assertTrue(odoo.is_configured)
        self.assertTrue(push.is_configured)
        self.assertEqual(push.address, "/api/v1/events?source=web.shop+2")
        self.assertFalse(odoo._url() or push._url())

    @mute_logger("odoo.sql_db")
    def test_odoo_s_tables_never_speak_for_another_system(self):
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.create("odoo", "here").system = "engine"
            self.env.flush_all()

    def test_what_odoo_s_tables_say_originates_in_odoo(self):
        with Form(self.env["loyalty.reporting.source"]) as form:
            form.name = form.code = "here"
            form.type = "odoo"
        self.assertEqual(form.record.system, "odoo")

    def test_a_neutralized_copy_reads_no_source_of_any_type(self):
        self.address(DSN, "STREAM_URL")
        self.address(OTHER, "SOURCE_WEB_SHOP_2_URL")
        types = dict(self.source._fields["type"].selection)
        sources = self.source.union(*(self.create(t, f"n {t}") for t in types))
        sources |= self.create("engine_pg")
        self.assertEqual(set(sources.mapped("active")), {True})
        for query in get_neutralization_queries(["loyalty_reporting"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        self.assertEqual(set(sources.mapped("active")), {False})
        # Neither when someone resumes them.
        sources.filtered(lambda s: s.type != "odoo").active = True
        self.assertFalse(any(source._url() for source in sources))
