import json
import os
import subprocess
import sys
import tarfile
import tempfile
import uuid
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from odoo.sql_db import connection_info_for
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config

from ..core.stores.clickhouse import client

MODULE = "loyalty_reporting"
ROOT = Path(__file__).resolve().parents[1]
RELEASES = json.loads((ROOT / "dev" / "releases.json").read_text())
ONE_OFF = ("--stop-after-init", "--no-http", "--max-cron-threads=0", "--log-level=warn")
# Run by the code of one version, which knows nothing of the other.
LOAD = """
import sys
from core import sync
from core.records import Company
from core.sources import SOURCES, contract
queries, last = contract.default_queries(), "2017-02-16"
orders = f"SELECT id FROM engine.processed_order WHERE ordered_at < '{last}'"
for table, instant in contract.INSTANTS.items():
    queries[table] += f" WHERE {instant} < '{last}'"
queries["order_promotion_line"] += f" WHERE order_id IN ({orders})"
result = sync.run(
    SOURCES["engine_pg"](sys.argv[2], queries=queries), sys.argv[1],
    source_name="engine", companies=[Company(1, "America/New_York", "USD")],
    mapping={1: 1})
assert result.state == "done", result.message
print(result.counts.documents_changed)
"""
PUSH = """
import sys
from core.settings import Settings
from core.stores import push
result = push.push(Settings(clickhouse_url=sys.argv[2]), sys.argv[1])
assert result.state == "done", result.message
print(result.message)
"""
# Names that an analyst's SQL uses, and the tables beneath.
FIGURES = (
    "promotion_report_detail",
    "promotion_order",
    "promotion_performance",
    "promotion_day_data",
    "membership_analytics",
    "membership_event",
    "point_analytics",
    "point_analytics_rollup",
    "point_day_data",
    "customer_day_data",
    "fact_document",
    "loyalty_reporting_customer",
    "loyalty_reporting_card",
)
SUMMARY = "mv_promotion_daily_summary"
# Months of a history are partitions, which a new database has none of.
OBJECTS = """
    SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
      AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I')
      AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
    UNION
    SELECT proname, 'f', pg_get_function_identity_arguments(oid), prosrc, false
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@tagged("post_install", "-at_install")
class TestUpgrade(BaseCase):
    """A database made by the version before becomes one of this version."""

    @pytest.mark.slow
    def test_a_database_of_every_release_is_upgraded(self):
        for version, release in RELEASES.items():
            with self.subTest(version=version):
                self.upgrade(version, release["commit"])

    def upgrade(self, version, commit):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.unpack(commit, folder / MODULE)
        database = self.enterContext(self.copied_template())
        dsn = self.dsn(database)
        self.odoo(database, "--init", addons=folder)
        self.assertEqual(self.installed_version(dsn), version)
        engine = os.environ["LOYALTY_REPORTING_ENGINE_DSN"]
        changed = int(self.python(folder / MODULE, LOAD, dsn, engine))
        self.assertGreater(changed, 1000)
        self.rows(dsn, f"REFRESH MATERIALIZED VIEW {SUMMARY}; SELECT 1")
        copy = self.enterContext(self.clickhouse())
        self.python(folder / MODULE, PUSH, dsn, copy)
        before = self.figures(dsn)
        self.assertGreater(len(before[SUMMARY]), 100)

        self.odoo(database, "--update")

        self.assertNotEqual(self.installed_version(dsn), version)
        self.assertEqual(self.figures(dsn), before)
        # Nothing is missing, and nothing is left over of what was before.
        fresh = self.rows(self.dsn(get_db_name()), OBJECTS)
        self.assertEqual({*self.rows(dsn, OBJECTS)}, {*fresh})
        self.assertEqual(self.scheduled(dsn), self.scheduled(self.dsn(get_db_name())))
        # The same history again changes nothing, and ClickHouse follows.
        self.assertEqual(int(self.python(ROOT, LOAD, dsn, engine)), 0)
        self.assertIn("another version", self.python(ROOT, PUSH, dsn, copy))
        self.assertEqual(self.python(ROOT, PUSH, dsn, copy), "")

    # ------------------------------------------------------------ the two versions

    def unpack(self, commit, folder):
        """Write the addon as it was at a commit into a folder."""
        command = ["git", "-C", str(ROOT), "archive", commit]
        try:
            done = subprocess.run(command, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f"The history of {commit:.7} is not here: {error}")
        with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")

    def odoo(self, database, option, addons=None):
        """Install or update the addon in a process of its own."""
        paths = [p for p in config["addons_path"] if not (Path(p) / MODULE).exists()]
        paths = [*paths, str(addons)] if addons else config["addons_path"]
        where = [f"--addons-path={','.join(paths)}", f"--database={database}"]
        command = [sys.executable, "-m", "odoo", *where, f"{option}={MODULE}", *ONE_OFF]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        troubles = [line for line in done.stderr.splitlines() if " ERROR " in line]
        self.assertEqual(troubles, [])

    def python(self, root, program, *arguments):
        """Return what a program prints that uses the ``core`` of one version."""
        command = [sys.executable, "-c", program, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=environment,
            cwd=root,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return done.stdout.strip()

    # ------------------------------------------------------------ databases

    def dsn(self, database):
        _name, arguments = connection_info_for(database)
        parts = {k: v for k, v in arguments.items() if k != "application_name"}
        return psycopg2.extensions.make_dsn(**parts)

    def rows(self, dsn, query):
        with closing(psycopg2.connect(dsn)) as connection, connection:
            cr = connection.cursor()
            cr.execute(query)
            return cr.fetchall()

    @contextmanager
    def copied_template(self):
        """Give the name of a database with the addon's dependencies, for a while."""
        name = f"upgraded_{uuid.uuid4().hex[:8]}"
        templates = (
            "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'"
            " AND datname NOT LIKE '%\\_demo' AND datname NOT LIKE '%\\_unfinished'"
        )
        [(template,)] = self.rows(self.dsn("postgres"), templates)
        with closing(psycopg2.connect(self.dsn("postgres"))) as connection:
            connection.autocommit = True
            cr = connection.cursor()
            cr.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            try:
                yield name
            finally:
                cr.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def clickhouse(self):
        """Give the URL of an empty ClickHouse database, for a while."""
        server = os.environ["LOYALTY_REPORTING_CLICKHOUSE_URL"]
        name = f"upgraded_{uuid.uuid4().hex[:8]}"
        with client(server) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            try:
                yield urlsplit(server)._replace(path=f"/{name}").geturl()
            finally:
                connection.execute(f"DROP DATABASE {name}")

    def installed_version(self, dsn):
        query = f"SELECT latest_version FROM ir_module_module WHERE name = '{MODULE}'"
        [(version,)] = self.rows(dsn, query)
        return version

    def figures(self, dsn):
        """Return {name: rows} of what reports and analysts read, as texts."""
        return {
            name: sorted(self.rows(dsn, f"SELECT row_to_json(r)::text FROM {name} r"))
            for name in (*FIGURES, SUMMARY)
        }

    def scheduled(self, dsn):
        query = (
            "SELECT d.name, s.name->>'en_US' FROM ir_model_data d"
            " JOIN ir_cron c ON c.id = d.res_id"
            " JOIN ir_act_server s ON s.id = c.ir_actions_server_id"
            f" WHERE d.module = '{MODULE}' AND d.model = 'ir.cron'"
        )
        return sorted(self.rows(dsn, query))
