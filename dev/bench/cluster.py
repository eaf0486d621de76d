"""ClickHouse as a cluster beside one server: the history pushed to it, and reports from it."""

import statistics
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

from core.database import connect
from core.queries import REPORTS
from core.queries.answer import answer
from core.queries.params import parse
from core.settings import Settings
from core.stores import push
from dev import clusters
from dev.paths import locate
from dev.services.clickhouse import DATABASE, USER
from dev.services.clickhouse_node import CLUSTER

from . import history
from .first_load import load_history

SECRET = "of-this-bench"
# Name → replicas of each shard; the first one is also asked as a server by itself.
LAYOUTS = {"two replicas": (2,), "two shards": (1, 1)}
QUESTION = {
    "date_from": "2017-01-01",
    "date_to": "2017-12-31",
    "dimensions": "store",
    "measures": "total_amount,unique_customers",
    "group_by": "month",
}
TIMES = 20


def main():
    """Rows/s of a push, and a report's median, of one server, two replicas and two shards."""
    history.build_engine()
    dsn = history.reporting("bench_cluster")
    load_history(dsn)
    one = None
    for layout, shards in LAYOUTS.items():
        with _running(shards) as cluster:
            if one is None:
                one = _alone(dsn, cluster.nodes[0])
                _say("one server", one, one)
            hosts = ",".join(f"127.0.0.1:{node.place.tls}" for node in cluster.nodes)
            url = (
                f"clickhouses://{USER}:{SECRET}@{hosts}/{DATABASE}"
                f"?cluster={CLUSTER}&ca_certs={cluster.certificate}"
            )
            _say(layout, _measured(dsn, url), one)


@contextmanager
def _running(shards):
    with (
        tempfile.TemporaryDirectory() as folder,
        clusters.running(locate(), Path(folder), SECRET, shards) as cluster,
    ):
        yield cluster


def _alone(dsn, node):
    """Measure a node as a server by itself, in a database of its own."""
    node.query("CREATE DATABASE alone")
    url = f"clickhouse://{USER}:{SECRET}@127.0.0.1:{node.tcp}/alone"
    found = _measured(dsn, url)
    node.query("DROP DATABASE alone")
    return found


def _measured(dsn, url):
    """Return (rows, seconds of a rebuild, median seconds of a report)."""
    settings = Settings(clickhouse_url=url, clickhouse_cost=0)
    begun = time.perf_counter()
    result = push.rebuild(settings, dsn)
    seconds = time.perf_counter() - begun
    if result.state != "done":
        raise SystemExit(result.message)
    asked = [_asked(dsn, settings) for _time in range(TIMES)]
    return result.counts.rows_loaded, seconds, statistics.median(asked)


def _asked(dsn, settings):
    query = parse(REPORTS["promotions/performance"], history.COMPANY, QUESTION)
    with closing(connect(dsn, readonly=True)) as connection, connection.cursor() as cr:
        begun = time.perf_counter()
        found = answer(query, cr, settings, lambda: closing(connection.cursor()))
        seconds = time.perf_counter() - begun
    if found.store != "clickhouse":
        raise SystemExit("PostgreSQL answered: the bench measures nothing.")
    return seconds


def _say(what, found, one):
    rows, seconds, asked = found
    print(
        f"{what:14} {rows / seconds:9,.0f} rows/s pushed"
        f" ({one[1] / seconds:4.2f} × one server); a report in {asked * 1000:6.1f} ms"
        f" ({asked / one[2]:4.2f} ×)",
        flush=True,
    )
