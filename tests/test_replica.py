import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg2
from odoo.tests import BaseCase, get_db_name, tagged

from ..core import sync
from ..dev import machine, ports
from ..dev.errors import SetupError
from ..dev.services.postgres import STOP, Cluster
from ..dev.shell import as_user
from ..dev.tools import Tools
from .history import committed_key, load, load_history, until

REPORT = "/api/v1/reports/promotions/performance"
RPC = "/api/v1/rpc/reports"
GRAPHQL = "/api/v1/graphql"
DASHBOARD = "/loyalty_reporting/dashboard"
YEAR = {"date_from": "2017-01-01", "date_to": "2017-12-31"}
DOCUMENT = """{ promotionPerformance(dateFrom: "2017-01-01", dateTo: "2017-12-31",
    groupBy: YEAR) { totalTransactions } }"""


@tagged("post_install", "-at_install")
class TestReplica(BaseCase):
    """An Odoo that is given a read replica of its database, as ``db_replica_host``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dsn = load_history(cls, timezone="UTC", queries=until("2017-01-16"))
        cls.key = committed_key(cls, cls.dsn)
        folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.standby = Standby(folder)
        cls.addClassCleanup(cls.standby.stop)
        cls.log = folder / "odoo.log"
        cls.url = cls.enterClassContext(cls.odoo())

    @classmethod
    @contextmanager
    def odoo(cls):
        """Run a server that reads from the replica; yields its address."""
        port = ports.choose()
        command = [
            sys.executable, "-m", "odoo", "server", "-d", get_db_name(),
            "--http-interface=127.0.0.1", f"--http-port={port}",
            f"--gevent-port={ports.choose()}", "--workers=0", "--max-cron-threads=0",
            "--db_replica_host=127.0.0.1", f"--db_replica_port={cls.standby.port}",
        ]  # fmt: skip
        environment = {
            **os.environ,
            # Both of them away: PostgreSQL answers alone.
            "LOYALTY_REPORTING_CLICKHOUSE_URL": "",
            "LOYALTY_REPORTING_REDIS_URL": "",
        }
        with cls.log.open("w") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            url = f"http://127.0.0.1:{port}"
            try:
                wait_for(lambda: answers(f"{url}/web/health"), cls.log.read_text)
                yield url
            finally:
                process.kill()
                process.wait()

    def ask(self, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        request = Request(self.url + path, body, headers)
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def load_until(self, day):
        """Load more of the history, into the database itself."""
        again = partial(sync.backfill, since=date(2017, 1, 1))
        load(self.dsn, "UTC", again, queries=until(day))

    def loaded(self):
        """Return the last load of the database itself."""
        with closing(psycopg2.connect(**self.dsn)) as connection:
            cr = connection.cursor()
            cr.execute("SELECT load_id FROM fact_load")
            return cr.fetchone()[0]

    def orders(self):
        """Return how many orders each surface reports."""
        parameters = "&".join(
            f"{n}={v}" for n, v in {**YEAR, "group_by": "year"}.items()
        )
        asked = {**YEAR, "group_by": "year"}
        rpc = {
            "jsonrpc": "2.0",
            "params": {"report": "promotions/performance", "parameters": asked},
        }
        graphql = self.ask(GRAPHQL, {"query": DOCUMENT})["data"]
        surfaces = (
            [row["totalTransactions"] for row in graphql["promotionPerformance"]],
            of_rows(self.ask(f"{REPORT}?{parameters}")),
            of_rows(self.ask(RPC, rpc)["result"]),
        )
        [count] = {sum(counts) for counts in surfaces}
        return count

    def known(self):
        """Return up to which load the dashboard's figures are."""
        asked = {"jsonrpc": "2.0", "params": {}}
        return self.ask(DASHBOARD, asked)["result"]["known"]["load"]

    def test_reports_are_read_from_it_and_follow_it(self):
        before, known = self.orders(), self.known()
        self.standby.sql("SELECT pg_wal_replay_pause()")
        self.load_until("2017-01-23")
        self.assertEqual((self.orders(), self.known()), (before, known))
        self.standby.sql("SELECT pg_wal_replay_resume()")
        wait_for(lambda: self.known() == self.loaded())
        after = self.orders()
        self.assertGreater(after, before)

        self.standby.stop()
        self.assertEqual(self.orders(), after)
        self.load_until("2017-01-30")
        self.assertGreater(self.orders(), after)
        self.assertNotIn("retrying with a read/write cursor", self.log.read_text())


class Standby:
    """A running read replica of the tests' server.

    :param folder: that is its own
    """

    def __init__(self, folder):
        primary, user = os.environ["LR_REPORT_PG_DSN"], machine.database_user()
        self.port = ports.choose()
        data = folder / "data"
        data.mkdir()
        if user:
            folder.chmod(0o755)
            shutil.chown(data, user, user)
        self._cluster = Cluster(
            "standby",
            Tools(Path(os.environ["LR_PG_BIN"]), Path()),
            data / "standby",
            self.port,
            urlsplit(primary).password,
            user,
            durable=False,
        )
        self._cluster.follow(primary)
        service = self._cluster.service()
        with (folder / "standby.log").open("w") as log:
            self._process = subprocess.Popen(
                service.command,
                cwd=data,
                env={**os.environ, **service.env},
                stdout=log,
                stderr=log,
                **as_user(user),
            )
        wait_for(self.runs, (folder / "standby.log").read_text)

    def runs(self):
        """Tell whether it takes connections."""
        with suppress(SetupError):
            return self.sql("SELECT pg_is_in_recovery()") == "t"

    def sql(self, statement):
        """Run a statement as its superuser."""
        return self._cluster.sql(statement)

    def stop(self):
        """Have it end, unless it has."""
        self._process.send_signal(STOP[0])
        self._process.wait()


def of_rows(document):
    return [row["total_transactions"] for row in document["data"]]


def answers(url):
    with suppress(OSError, URLError), urlopen(url, timeout=5) as answer:
        return answer.status == 200


def wait_for(condition, explain=str):
    end = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < end, f"it did not happen {explain()[-3000:]}"
        time.sleep(0.2)
