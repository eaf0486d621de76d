"""The copy on a cluster of ClickHouse: the same numbers, also while nodes come and go."""

from itertools import islice

import databases
import pytest
from changes import CHANGES
from cluster_fixtures import copy_on, single
from clustered import (
    assert_answers,
    assert_same_without,
    catch_up,
    lag,
    one_more,
    stopped,
)
from contract_store import assert_equal
from copies import SECRET, Killed, fail, problem_of, pushed, rebuilt, state_of, synced

from core.guard import connections
from core.settings import Settings
from core.stores import blocks, servers
from core.stores import push as pushing
from core.stores.push_tables import TABLES

pytest_plugins = ["store_fixtures", "cluster_fixtures"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.cluster,
    pytest.mark.usefixtures("nobody_waits_long"),
]


class TestSame:
    def test_a_first_push_fills_it_and_a_second_has_nothing_to_do(
        self, synced_shop, cluster_copy
    ):
        assert pushed(cluster_copy, synced_shop) > 20
        assert_equal(synced_shop, cluster_copy)
        assert_answers(synced_shop, cluster_copy)
        assert pushed(cluster_copy, synced_shop) == 0

    def test_it_follows_changes(self, shop, report, cluster_copy):
        synced(shop.dsn, report)
        pushed(cluster_copy, report)
        for change in islice(CHANGES.values(), 0, None, 4):
            change(shop)
            synced(shop.dsn, report)
            pushed(cluster_copy, report)
            assert_equal(report, cluster_copy)

    def test_any_node_gives_the_same_rows(self, synced_shop, cluster_copy):
        pushed(cluster_copy, synced_shop)
        for number in range(len(cluster_copy.nodes)):
            assert_equal(synced_shop, cluster_copy.beginning_with(number))

    def test_the_whole_history_has_the_numbers_of_one_node(self, history, cluster_of):
        report, _counts = history
        with copy_on(cluster_of("sharded")) as copy:
            pushed(copy, report)
            assert_equal(report, copy)
            assert_answers(report, copy)
            rows = [
                copy.on(n, "SELECT count() FROM customer_day_data_local")
                for n in (0, 1)
            ]
            assert min(rows) > [(1000,)]

    def test_versions_of_a_row_are_never_on_two_shards(self, shop, report, cluster_of):
        with copy_on(cluster_of("sharded")) as copy:
            synced(shop.dsn, report)
            pushed(copy, report)
            shop.change("processed_order", "A1", partner_id=8, store_id=5)
            shop.change("processed_order", "A2", state="void")
            synced(shop.dsn, report)
            pushed(copy, report)
            for table, key in servers.SHARD_KEYS.items():
                for number in (0, 1):
                    remainders = copy.on(
                        number, f"SELECT DISTINCT {key} % 2 FROM {table}_local"
                    )
                    assert set(remainders) <= {(number,)}
            assert_equal(report, copy)


class TestAgain:
    def test_rebuilds_change_nothing_and_leave_nothing_in_the_keeper(
        self, synced_shop, cluster_copy
    ):
        copy = cluster_copy
        pushed(copy, synced_shop)
        for _ in range(2):
            assert rebuilt(copy, synced_shop) > 20
            assert_equal(synced_shop, copy)
        paths = copy.rows(
            "SELECT zookeeper_path, total_replicas, active_replicas"
            f" FROM system.replicas WHERE database = '{copy.database}'"
        )
        assert len(paths) == len(TABLES)
        for path, total, active in paths:
            assert (
                total
                == active
                == len(copy.nodes) / len({n.place.shard for n in copy.nodes})
            )
            above = path.rpartition("/")[0]
            beside = copy.rows(
                f"SELECT name FROM system.zookeeper WHERE path = '{above}'"
            )
            assert [f"{above}/{name}" for (name,) in beside] == [path]

    def test_a_replay_in_other_batches_on_the_other_replica_changes_nothing(
        self, synced_shop, replicated, monkeypatch
    ):
        pushed(replicated, synced_shop)
        for order, rows in ((1, 3), (0, 7)):
            monkeypatch.setattr(blocks, "_ROWS", rows)
            databases.execute(
                synced_shop,
                "UPDATE loyalty_reporting_clickhouse SET pushing = true, watermark = 1",
            )
            other = replicated.beginning_with(order)
            other.on(1 - order, "SYSTEM STOP MERGES promotion_order_data_local")
            assert pushed(other, synced_shop) > 0
            assert_equal(synced_shop, other)
            assert_equal(synced_shop, replicated)

    def test_a_block_that_was_written_before_is_written_again(
        self, synced_shop, replicated
    ):
        pushed(replicated, synced_shop)
        names = ["order_key", "program_key", "first_day", "load_id", "day"]
        block = [[999], [1], [10_000], [1], [10_000]]
        found = "SELECT count() FROM promotion_order_data WHERE order_key = 999"
        for _ in range(2):
            with servers.opened(replicated.url) as there:
                there.insert("promotion_order_data", names, block)
                assert replicated.value(found) == 1
                there.alter("promotion_order_data", "DROP PARTITION 199705")
                there.sync()
            assert replicated.value(found) == 0


class TestAway:
    def test_a_node_that_stops_in_mid_push_and_returns(self, shop, report, replicated):
        copy = replicated
        synced(shop.dsn, report)
        pushed(copy, report)
        one_more(shop, report, "X")
        first = copy.nodes[0]
        real = servers.Servers.insert

        def insert(self, table, *given):
            real(self, table, *given)
            if table == "promotion_order_data":
                copy.cluster.stop(first)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(servers.Servers, "insert", insert)
            message = problem_of(pushing.push(copy.settings, report), report)
        assert "cannot be reached" in message
        assert state_of(report)["pushing"]
        assert_answers(report, copy, "postgresql")
        assert pushed(copy, report) > 0
        assert_answers(report, copy)
        assert_equal(report, copy)
        one_more(shop, report, "XX")
        pushed(copy, report)
        copy.cluster.start(first)
        assert_answers(report, copy)
        assert_same_without(1, report, copy)

    def test_a_replica_answers_only_when_it_has_fetched_all(
        self, shop, report, replicated
    ):
        synced(shop.dsn, report)
        pushed(replicated, report)
        lag(replicated, 1)
        one_more(shop, report, "X")
        pushed(replicated, report)
        behind = replicated.beginning_with(1)
        assert_answers(report, behind)
        with stopped(replicated, 0):
            assert_answers(report, behind, "postgresql")
        catch_up(replicated, 1)
        assert_same_without(0, report, replicated)

    def test_of_another_shard_no_replica_answers_that_is_behind(
        self, shop, report, both
    ):
        synced(shop.dsn, report)
        pushed(both, report)
        lag(both, 2)
        for key in ("X", "XX"):
            one_more(shop, report, key)
        pushed(both, report)
        for _ in range(10):
            assert_answers(report, both, ("clickhouse", "postgresql"))
        with stopped(both, 1):
            assert_answers(report, both, "postgresql")
        catch_up(both, 2)
        assert_same_without(1, report, both)

    def test_without_any_node_postgresql_answers(self, shop, report, replicated):
        synced(shop.dsn, report)
        pushed(replicated, report)
        for node in replicated.nodes:
            replicated.cluster.stop(node)
        assert_answers(report, replicated, "postgresql")
        one_more(shop, report, "X")
        message = problem_of(pushing.push(replicated.settings, report), report)
        assert "cannot be reached" in message
        for node in replicated.nodes:
            replicated.cluster.start(node)
        pushed(replicated, report)
        assert_answers(report, replicated)
        assert_equal(report, replicated)

    def test_a_rebuild_waits_for_all_nodes(self, shop, report, replicated):
        synced(shop.dsn, report)
        pushed(replicated, report)
        port = replicated.nodes[1].place.tls
        with stopped(replicated, 1):
            message = problem_of(pushing.rebuild(replicated.settings, report), report)
            assert "needs all nodes of the cluster" in message
            assert f"127.0.0.1:{port}" in message
            assert_answers(report, replicated)
        rebuilt(replicated, report)
        assert_equal(report, replicated)

    def test_a_rebuild_that_was_cut_short_is_made_good(
        self, synced_shop, replicated, monkeypatch
    ):
        pushed(replicated, synced_shop)
        monkeypatch.setattr(servers.Servers, "make_views", fail)
        with pytest.raises(Killed):
            pushing.rebuild(replicated.settings, synced_shop)
        monkeypatch.undo()
        assert "cut short" in pushing.push(replicated.settings, synced_shop).message
        assert_equal(synced_shop, replicated)


class TestSetting:
    def test_a_cluster_that_the_servers_do_not_know_is_named(
        self, synced_shop, replicated
    ):
        wrong = Settings(clickhouse_url=replicated.url.replace("=loyalty&", "=other&"))
        message = problem_of(pushing.push(wrong, synced_shop), synced_shop)
        assert "knows no cluster other (it knows: loyalty)" in message

    def test_an_address_without_all_nodes_is_refused(self, synced_shop, replicated):
        port = replicated.nodes[1].place.tls
        fewer = Settings(
            clickhouse_url=replicated.url.replace(f",127.0.0.1:{port}", "")
        )
        message = problem_of(pushing.push(fewer, synced_shop), synced_shop)
        assert "has 2 nodes" in message

    def test_an_installation_may_move_to_a_cluster_and_back(
        self, shop, report, replicated
    ):
        alone = single(replicated)
        synced(shop.dsn, report)
        pushed(alone, report)
        assert_equal(report, alone)
        for copy, key in ((replicated, "X"), (alone, "XX"), (replicated, "XXX")):
            one_more(shop, report, key)
            result = pushing.push(copy.settings, report)
            assert (result.state, "was rebuilt" in result.message) == ("done", True)
            assert_equal(report, copy)
            assert_answers(report, copy)
            assert pushed(copy, report) == 0

    def test_the_certificate_is_verified(self, synced_shop, replicated):
        url = replicated.url.partition("&ca_certs")[0]
        message = problem_of(
            pushing.push(Settings(clickhouse_url=url), synced_shop), synced_shop
        )
        assert "its certificate is not trusted" in message

    def test_the_test_of_the_connection_tells_how_many_nodes_answer(self, replicated):
        assert connections.clickhouse(replicated.url, 5)["nodes"] == "2 of 2"
        replicated.cluster.stop(replicated.nodes[1])
        found = connections.clickhouse(replicated.url, 5)
        assert (found["nodes"], SECRET in str(found)) == ("1 of 2", False)
