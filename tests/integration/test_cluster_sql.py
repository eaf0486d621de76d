"""What is asked of a cluster's nodes, on one server of each version: SQL that all understand."""

import pytest
from asking import ALL, YEAR, ask, query_of
from copies import pushed, state_of

from core.queries import answer as answering
from core.queries import clickhouse as dialect
from core.stores import clickhouse

pytest_plugins = ["store_fixtures"]


@pytest.fixture
def asked_as_a_cluster(synced_shop, copy, monkeypatch):
    """Function of an epoch: the copy, which is asked as a node that holds that push."""
    pushed(copy, synced_shop)

    def of_cluster(url):
        return dialect.of_cluster(clickhouse.address(url))

    monkeypatch.setattr(answering.clickhouse, "dialect", of_cluster)

    def holding(epoch):
        for statement in clickhouse.statements("cluster.sql"):
            copy.rows(statement)
        if epoch:
            copy.rows("INSERT INTO push_whole (epoch) VALUES", [(epoch,)])
        return copy.settings

    return holding


@pytest.mark.parametrize("grain", ["hour", "day", "month", "year"])
@pytest.mark.parametrize("dimensions", ["program", "store,channel"])
def test_a_node_that_holds_the_push_answers_as_postgresql(
    synced_shop, asked_as_a_cluster, grain, dimensions
):
    settings = asked_as_a_cluster(state_of(synced_shop)["epoch"])
    measures = ALL if dimensions == "program" else "unique_customers,total_amount"
    query = query_of(*YEAR, grain, dimensions=dimensions, measures=measures)
    expected, found = ask(synced_shop, query), ask(synced_shop, query, settings)
    assert (found.store, found.rows) == ("clickhouse", expected.rows)
    assert found.rows


@pytest.mark.parametrize("held", [0, 1000])
def test_a_node_that_holds_another_push_refuses(
    synced_shop, asked_as_a_cluster, held, caplog
):
    query = query_of(*YEAR, "day")
    found = ask(synced_shop, query, asked_as_a_cluster(held))
    assert found.store == "postgresql"
    assert "throwIf" in caplog.text
