"""What changes a cluster's copy besides new rows: months that leave, erasures, repairs."""

import signal
import threading
import time
from dataclasses import replace

import databases
import planted
import pytest
from archiving import BOTH, archived, month
from cluster_fixtures import single
from clustered import (
    UNREACHED,
    assert_answers,
    assert_same_without,
    catch_up,
    keeper_away,
    lag,
    one_more,
    pushed_to_all,
    stopped,
)
from contract_store import assert_equal
from copies import SECRET, Killed, fail, pushed, state_of, synced
from reconciling import reconciled, repaired

from core.erasure.request import Asked, begin
from core.erasure.run import Outside, run
from core.retention.restore import restore
from core.stores import nodes, push_state
from core.stores import push as pushing
from core.stores.push_tables import FACTS

pytest_plugins = ["store_fixtures", "cluster_fixtures"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.cluster,
    pytest.mark.usefixtures("nobody_waits_long"),
]

TODAY = month(2019, 4)
MONTHS = [month(2017, 3), month(2017, 4)]
ERASED = 8


def held(copy):
    """{table: rows} of what reports see, without the numbers of loads."""
    return {
        table: sorted(copy.rows(f"SELECT * FROM {table} FINAL WHERE is_deleted = 0"))
        for table in FACTS
    }


def every_node(copy):
    return [copy.beginning_with(number) for number in range(len(copy.nodes))]


def leader_of(copy, table):
    """The number of the first node that leads a table's merges."""
    query = f"SELECT is_leader FROM system.replicas WHERE table = '{table}'"
    query += " AND database = currentDatabase()"
    return next(n for n in range(len(copy.nodes)) if copy.on(n, query) == [(1,)])


def taken_out(report, folder):
    """Archive March, sums and all, and the detail of April."""
    archived(report, folder, TODAY, policies=BOTH)


def brought_back(report):
    for gone in MONTHS:
        restore(report, gone)


class TestMonths:
    def test_those_that_leave_are_dropped_and_those_that_return_filled_anew(
        self, shop, report, cluster_copy, tmp_path
    ):
        synced(shop.dsn, report)
        pushed(cluster_copy, report)
        before = held(cluster_copy)
        taken_out(report, tmp_path)
        pushed_to_all(cluster_copy, report)
        for copy in every_node(cluster_copy):
            after = held(copy)
            assert {t for t in FACTS if len(after[t]) == len(before[t])} == {
                "membership_analytics_data"
            }
            assert_equal(report, copy)
        assert reconciled(shop.dsn, report, cluster_copy) == []
        brought_back(report)
        pushed_to_all(cluster_copy, report)
        for copy in every_node(cluster_copy):
            assert held(copy) == before
        assert reconciled(shop.dsn, report, cluster_copy) == []

    def test_a_replica_that_missed_a_filled_month_is_not_written_to_as_if_it_had_it(
        self, shop, report, replicated, tmp_path
    ):
        synced(shop.dsn, report)
        pushed(replicated, report)
        taken_out(report, tmp_path)
        pushed_to_all(replicated, report)
        lag(replicated, 1)
        brought_back(report)
        pushed(replicated, report)
        behind = replicated.beginning_with(1)
        one_more(shop, report, "X")
        pushed(behind, report)
        assert_answers(report, behind)
        with stopped(replicated, 0):
            assert_answers(report, behind, "postgresql")
        catch_up(replicated, 1)
        assert_same_without(0, report, replicated)

    def test_a_writer_that_has_yet_to_drop_them_does_not_answer(
        self, shop, report, replicated, tmp_path
    ):
        synced(shop.dsn, report)
        pushed_to_all(replicated, report)
        taken_out(report, tmp_path)
        table = "promotion_performance_data_local"
        writer = 1 - leader_of(replicated, table)
        replicated.on(writer, f"SYSTEM STOP REPLICATION QUEUES {table}")
        pushed(replicated.beginning_with(writer), report)
        newest = "SELECT max(epoch) FROM push_whole"
        epoch = state_of(report)["epoch"]
        assert replicated.on(1 - writer, newest) == [(epoch,)]
        assert replicated.on(writer, newest) < [(epoch,)]
        replicated.on(writer, f"SYSTEM START REPLICATION QUEUES {table}")
        pushed_to_all(replicated, report)
        assert_equal(report, replicated.beginning_with(writer))

    def test_a_push_that_drops_them_goes_on_by_itself_when_a_leader_is_lost(
        self, shop, report, replicated, tmp_path
    ):
        synced(shop.dsn, report)
        pushed_to_all(replicated, report)
        taken_out(report, tmp_path)
        lost = replicated.nodes[leader_of(replicated, "promotion_order_data_local")]
        replicated.cluster.stop(lost, signal.SIGKILL)
        for _ in range(20):
            result = pushing.push(replicated.settings, report)
            if result.state == "done":
                break
            # Until the keeper has noticed, the other one leads nothing.
            assert "No node of ClickHouse's shard 1 may change" in result.message
            assert "PostgreSQL answers meanwhile" in result.message
            assert state_of(report)["pushing"]
            time.sleep(1)
        assert_equal(report, replicated)
        replicated.cluster.start(lost)
        pushed_to_all(replicated, report)
        for copy in every_node(replicated):
            assert_equal(report, copy)

    def test_a_push_that_fills_them_and_ends_unsettled_is_gone_on_with(
        self, shop, report, replicated, tmp_path, monkeypatch
    ):
        synced(shop.dsn, report)
        pushed(replicated, report)
        taken_out(report, tmp_path)
        pushed_to_all(replicated, report)
        before = state_of(report)
        lag(replicated, 1)
        brought_back(report)
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(push_state, "settle", fail)
            pushing.push(replicated.settings, report)
        after = state_of(report)
        assert after["settled_epoch"] == before["epoch"] == after["epoch"] - 1
        behind = replicated.beginning_with(1)
        pushed(behind, report)
        catch_up(replicated, 1)
        pushed_to_all(replicated, report)
        for copy in every_node(replicated):
            assert_equal(report, copy)


class TestErasure:
    @pytest.fixture
    def erasure(self, shop, report, cluster_copy):
        """Settings and number of an erasure that has begun."""
        synced(shop.dsn, report)
        pushed_to_all(cluster_copy, report)
        [(key,)] = databases.rows(
            report,
            "SELECT id FROM loyalty_reporting_customer WHERE external_id = %s",
            [ERASED],
        )
        return key, begin(report, SECRET, Asked((key,), 1))

    def erased(self, copy, report, number):
        settings = replace(copy.settings, erasure_secret=SECRET)
        return run(settings, report, number, Outside(()))

    def assert_gone(self, copy, key):
        """No node holds the customer, not in an older version either."""
        for number in range(len(copy.nodes)):
            names = copy.on(
                number,
                "SELECT DISTINCT partner_id FROM customer_data WHERE customer_key ="
                f" {key}",
            )
            assert names == [(-key,)]

    def test_no_version_on_any_node_names_the_person(
        self, report, cluster_copy, erasure
    ):
        key, number = erasure
        result = self.erased(cluster_copy, report, number)
        assert (result.state, result.message) == ("done", "")
        self.assert_gone(cluster_copy, key)
        pushed_to_all(cluster_copy, report)
        for copy in every_node(cluster_copy):
            assert_equal(report, copy)

    @pytest.mark.parametrize("cluster_copy", ["replicated"], indirect=True)
    def test_a_leader_merges_after_it_has_fetched(
        self, report, cluster_copy, erasure, monkeypatch
    ):
        # 18.16 takes its time to begin again.
        monkeypatch.setattr(nodes, "PATIENCE", 30)
        key, number = erasure
        leader = leader_of(cluster_copy, "customer_data")
        cluster_copy.on(leader, "SYSTEM STOP FETCHES customer_data")
        fetching = threading.Timer(
            2, cluster_copy.on, (leader, "SYSTEM START FETCHES customer_data")
        )
        fetching.start()
        result = self.erased(cluster_copy.beginning_with(1 - leader), report, number)
        fetching.join()
        assert (result.state, result.message) == ("done", "")
        self.assert_gone(cluster_copy, key)

    @pytest.mark.parametrize("cluster_copy", ["replicated"], indirect=True)
    def test_while_the_keeper_is_away_it_says_so_and_is_gone_on_with(
        self, report, cluster_copy, erasure
    ):
        key, number = erasure
        with keeper_away(cluster_copy):
            result = self.erased(cluster_copy, report, number)
            assert result.state == "failed"
            assert UNREACHED in result.message
            assert "the next run tries again" in result.message
        for _ in range(40):
            result = self.erased(cluster_copy, report, number)
            if result.state == "done":
                break
            time.sleep(1)
        assert (result.state, result.message) == ("done", "")
        self.assert_gone(cluster_copy, key)


class TestRepair:
    @pytest.mark.parametrize("kind", ["different", "surplus"])
    def test_a_planted_row_is_found_and_put_right_on_every_node(
        self, shop, report, replicated, kind
    ):
        synced(shop.dsn, report)
        pushed_to_all(replicated, report)
        for table, (column, key) in planted.COPIES.items():
            change = {column: 100} if kind == "different" else key
            planted.in_copy(single(replicated), f"{table}_local", **change)
        rows = reconciled(shop.dsn, report, replicated)
        assert {row["kind"] for row in rows} == {kind}
        assert {row["table_name"] for row in rows} == {*planted.COPIES}
        repaired(shop.dsn, report, replicated)
        pushed_to_all(replicated, report)
        for copy in every_node(replicated):
            assert_equal(report, copy)
