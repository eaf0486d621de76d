"""Pivots on the running demo, through Odoo's JSON-2 API, beside the bare SQL."""

import json
import os
import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import requests

from . import demo

ROUNDS = int(os.environ.get("ROUNDS", "5"))
HALF_YEAR = [["date", ">=", "2017-01-01"], ["date", "<=", "2017-06-30"]]
COUPONS = [["program_key.name", "=", "Unattributed coupons"]]
SALES = ["total_transactions:count_distinct", "unique_customers:count_distinct"]
SALES += ["amount:sum", "discount:sum", "discount_depth:avg", "__count"]
FLOWS = ["points_earned:sum", "points_redeemed:sum", "points_expired:sum"]
FLOWS += ["points_adjusted:sum", "redemption_rate:avg", "__count"]
_SQL = Path(__file__).parent / "pivot.sql"


@dataclass(frozen=True)
class Pivot:
    """A pivot whose rows and columns are grouped by ``groupby``, with all totals.

    :param name: of its bare SQL in ``pivot.sql``
    :param is_refused: it has too many groups: what is measured is how soon it says so
    """

    name: str
    model: str
    groupby: tuple[str, ...]
    measures: list[str]
    domain: tuple | list = ()
    is_refused: bool = False


PIVOTS = (
    Pivot(
        "program × month × store, half a year", "promotion.order",
        ("program_key", "date:month", "shop_key"), SALES, HALF_YEAR,
    ),
    Pivot(
        "program × month × store, all: refused", "promotion.order",
        ("program_key", "date:month", "shop_key"), SALES, is_refused=True,
    ),
    Pivot(
        "product × week of a program, half a year", "promotion.report.detail",
        ("product_id", "week:day"), SALES, COUPONS + HALF_YEAR,
    ),
    Pivot(
        "level × month: members, spending", "membership.analytics",
        ("membership_level", "date:month"),
        ["members:max", "active_members:count_distinct", "total_spending:sum",
         "avg_spending:avg", "__count"],
    ),
    Pivot(
        "level × month: sums alone", "membership.analytics",
        ("membership_level", "date:month"),
        ["members:max", "total_spending:sum", "total_points_earned:sum", "__count"],
    ),
    Pivot("points by month", "point.analytics", ("date:month",), FLOWS),
    Pivot(
        "points by month, outstanding", "point.analytics", ("date:month",),
        ["balance:max", *FLOWS],
    ),
)  # fmt: skip


def main():
    """Milliseconds, p50, of pivots of the whole history, and their ratio to bare SQL."""
    known = demo.running().demo_variables()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {known['ODOO_API_KEY']}"
    bare = _statements()
    with closing(psycopg2.connect(known["REPORT_PG_DSN"])) as connection:
        connection.autocommit = True
        for pivot in PIVOTS:
            pairs = [
                (
                    _ask(session, known["ODOO_URL"], pivot),
                    _run(connection, bare[pivot.name]),
                )
                for _round in range(ROUNDS + 1)
            ][1:]  # the first one warms up
            _say(pivot, pairs)


def _statements():
    """Return {name: statement} of the file: each begins with a line ``-- name``."""
    parts = _SQL.read_text(encoding="utf-8").split("-- pivot: ")[1:]
    return dict(part.split("\n", 1) for part in parts)


def _ask(session, url, pivot):
    """Return (seconds, groups) of a pivot as the browser asks for it."""
    sets = [pivot.groupby[:n] for n in range(len(pivot.groupby) + 1)]
    sets += [pivot.groupby[n:] for n in range(1, len(pivot.groupby))]
    asked = {
        "domain": [*pivot.domain],
        "grouping_sets": sets,
        "aggregates": pivot.measures,
    }
    address = f"{url}/json/2/{pivot.model}/formatted_read_grouping_sets"
    started = time.perf_counter()
    answer = session.post(address, json=asked, timeout=120)
    seconds = time.perf_counter() - started
    if pivot.is_refused:
        assert "groups would have to be shown" in answer.text, answer.text[:300]
        return seconds, 0
    answer.raise_for_status()
    return seconds, sum(map(len, json.loads(answer.text)))


def _run(connection, statement):
    """Return (seconds, rows) of a statement."""
    started = time.perf_counter()
    with connection.cursor() as cr:
        cr.execute(statement)
        return time.perf_counter() - started, len(cr.fetchall())


def _say(pivot, pairs):
    ours, bare = zip(*pairs, strict=True)
    ratios = [a[0] / b[0] for a, b in pairs]
    if not pivot.is_refused:
        assert ours[0][1] == bare[0][1], (pivot.name, ours[0][1], bare[0][1])
    print(
        f"{pivot.name:42} {bare[0][1]:6,} groups   Odoo {_p50(ours):8.1f} ms   "
        f"SQL {_p50(bare):8.1f} ms   ratio {statistics.median(ratios):5.2f}",
        flush=True,
    )


def _p50(measured):
    return statistics.median(seconds for seconds, _groups in measured) * 1000
