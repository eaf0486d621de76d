"""What tests of a cluster do to it, and what must hold of it then."""

from contextlib import contextmanager

from asking import YEAR, ask, query_of
from contract_store import assert_equal
from copies import pushed, state_of, synced

from core.stores.push_tables import FACTS

UNREACHED = "does not reach its keeper, ZooKeeper or ClickHouse Keeper"
CUSTOMERS = {"measures": "unique_customers,total_amount,total_transactions"}


def one_more(shop, report, key):
    """Sell something more, and load it."""
    shop.order(key, "2017-04-22 12:00Z", lines=2, store_id=len(key))
    synced(shop.dsn, report)


def assert_answers(report, copy, store="clickhouse"):
    """Reports have PostgreSQL's figures, and a store that is expected gave them."""
    for query in (
        query_of(*YEAR, "day", per_page="1000", **CUSTOMERS),
        query_of(*YEAR, "month", per_page="1000", dimensions="store", **CUSTOMERS),
    ):
        expected, found = ask(report, query), ask(report, query, copy.settings)
        assert found.rows == expected.rows
        assert found.rows
        assert found.store in store


def assert_same_without(number, report, copy):
    """Once all nodes hold everything, one may stop: the others give the same."""
    pushed_to_all(copy, report)
    copy.cluster.stop(copy.nodes[number])
    assert_answers(report, copy)
    assert_equal(report, copy)


@contextmanager
def keeper_away(copy):
    """Have what the nodes agree by away meanwhile."""
    copy.cluster.stop(copy.cluster.agreed)
    yield
    copy.cluster.start(copy.cluster.agreed)


@contextmanager
def stopped(copy, number):
    """Have a node away meanwhile."""
    copy.cluster.stop(copy.nodes[number])
    yield
    copy.cluster.start(copy.nodes[number])


def lag(copy, number):
    """Have a node fetch nothing of what others are sent."""
    for table in FACTS:
        copy.on(number, f"SYSTEM STOP FETCHES {table}_local")


def catch_up(copy, number):
    for table in FACTS:
        copy.on(number, f"SYSTEM START FETCHES {table}_local")


def pushed_to_all(copy, report):
    """Push until every node is known to hold everything, as runs that follow do."""
    for _ in range(20):
        pushed(copy, report)
        epoch = state_of(report)["epoch"]
        wholes = (
            copy.on(number, "SELECT max(epoch) FROM push_whole")
            for number in range(len(copy.nodes))
        )
        if all(whole == [(epoch,)] for whole in wholes):
            return
    raise AssertionError("A node never caught up")
