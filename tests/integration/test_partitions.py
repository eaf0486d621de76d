"""Partitions by month: reports read those of their period, and find rows by indexes."""

import json
import re
from contextlib import closing
from datetime import date

import databases
import pytest
from archiving import month
from asking import asked_of

from core.database import connect
from core.queries import REPORTS, postgres
from core.queries.answer import keys_of
from core.queries.base import Listing
from core.queries.members import members_of
from core.queries.plan import plan, plan_listing
from core.stores import upcoming
from core.stores.partitions import name_of
from core.stores.postgres import PARTITIONED

pytest_plugins = ["store_fixtures"]
NOVEMBER = (date(2017, 11, 5), date(2017, 11, 20))
OF_MONTH = re.compile(r"_data_(\d{6})$")


@pytest.fixture(scope="module")
def whole(history):
    """URL of the reporting database with the whole history, of which the planner knows."""
    databases.execute(history[0], "ANALYZE")
    return history[0]


def statement(query, cr):
    """What PostgreSQL is asked for a query."""
    keys = keys_of(query, cr)
    if isinstance(query.report, Listing):
        return plan_listing(query, keys, postgres)
    members = {d.name: members_of(d, cr) for d in query.dimensions if d.members}
    return plan(query, keys, members, postgres)


def scans(dsn, query):
    """{table: kind of scan} of a query's plan, empty partitions among them."""
    with closing(connect(dsn)) as connection, connection.cursor() as cr:
        asked = statement(query, cr)
        cr.execute(f"EXPLAIN (FORMAT JSON) {asked.text}", asked.parameters)
        [(found,)] = cr.fetchall()
    found = json.loads(found) if isinstance(found, str) else found
    return dict(_scans(found[0]["Plan"]))


def _scans(node):
    if "Relation Name" in node:
        yield node["Relation Name"], node["Node Type"]
    for below in node.get("Plans", ()):
        yield from _scans(below)


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.parametrize("given", [{}, {"group_by": "hour"}, {"program_id": "1001"}])
def test_a_report_reads_the_partitions_of_its_period(slug, given, whole):
    known = {asked.name: None for asked in REPORTS[slug].filters}
    known["group_by"] = [*map(str, getattr(REPORTS[slug], "grains", ()))]
    for name, value in given.items():
        if name not in known or (known[name] is not None and value not in known[name]):
            pytest.skip("the report does not know that")

    found = scans(whole, asked_of(slug, *NOVEMBER, **given))

    months = {name[-6:] for name in found if OF_MONTH.search(name)}
    assert found
    assert months <= {"201711"}


@pytest.mark.parametrize(
    "slug, given",
    [
        ("points/transactions", {"partner_id": "1"}),
        ("points/transactions", {"card_id": "1"}),
        ("points/activity", {"card_id": "1"}),
        ("points/activity", {"partner_id": "1"}),
    ],
)
def test_rows_of_one_customer_are_found_by_an_index(slug, given, whole):
    query = asked_of(slug, date(2017, 1, 1), date(2017, 12, 31), **given)

    found = scans(whole, query)

    # The last hours of the history lie in a month that is no page long.
    of_facts = {name: kind for name, kind in found.items() if "_data_2017" in name}
    assert len(of_facts) == 12
    assert not [name for name, kind in of_facts.items() if kind == "Seq Scan"]


def test_coming_months_have_their_partitions_before_anything_is_loaded(synced_shop):
    upcoming.make(synced_shop, date(2018, 11, 20))
    upcoming.make(synced_shop, date(2018, 11, 21))

    for table in PARTITIONED:
        for coming in (month(2018, 12), month(2019, 1)):
            query = "SELECT to_regclass(%s) IS NOT NULL"
            assert databases.value(synced_shop, query, [name_of(table, coming)])


def test_before_a_first_load_none_are_made(report):
    upcoming.make(report, date(2018, 11, 20))

    query = "SELECT count(*) FROM pg_inherits"
    assert databases.value(report, query) == 0
