"""What goes on while a cluster's keeper, ZooKeeper, is away; and Java, without which it is not."""

import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from archiving import BOTH, archived, month
from clustered import UNREACHED, assert_answers, keeper_away, one_more, pushed_to_all
from contract_store import assert_equal, of_clickhouse
from copies import problem_of, state_of, synced

from core.stores import push as pushing
from core.stores import servers
from dev import debian, ports, tools
from dev.errors import Unavailable
from dev.paths import locate
from dev.processes import Keeper
from dev.services.zookeeper import ZooKeeper

pytest_plugins = ["store_fixtures", "cluster_fixtures"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.cluster,
    pytest.mark.usefixtures("nobody_waits_long"),
]
_EACH = re.DOTALL | re.MULTILINE
_DEPENDS = re.compile(r"^(?:Pre-)?Depends: (.*)$", re.MULTILINE)


def remembered(report):
    """What PostgreSQL knows of the pushes, but of their problems."""
    return {k: v for k, v in state_of(report).items() if "problem" not in k}


def pushed_in_the_end(copy, report):
    """Push as runs that follow do: once the nodes have their keeper again, one succeeds."""
    for _ in range(40):
        result = pushing.push(copy.settings, report)
        if result.state == "done":
            break
        assert UNREACHED in result.message or "has just come back" in result.message
        time.sleep(1)
    pushed_to_all(copy, report)


def without_java(packages):
    """The list of a machine's packages without Java's, and without what needs those."""
    known = dict(re.findall(r"^Package: (\S+)\n(.*?)(?:\n\n|\Z)", packages, _EACH))
    needs = {
        name: {*re.findall(r"[\w.+-]+", " ".join(_DEPENDS.findall(text)))}
        for name, text in known.items()
    }
    gone = {name for name in known if re.search("jre|jdk|java", name)}
    while more := {n for n in known.keys() - gone if needs[n] & gone}:
        gone |= more
    left = (f"Package: {n}\n{text}\n" for n, text in known.items() if n not in gone)
    return "\n".join(left)


class TestAway:
    def test_reports_are_answered_and_no_job_changes_anything(
        self, shop, report, replicated, tmp_path
    ):
        synced(shop.dsn, report)
        pushed_to_all(replicated, report)
        before = remembered(report), of_clickhouse(replicated)
        with keeper_away(replicated):
            assert_answers(report, replicated)
            one_more(shop, report, "X")
            for job in (pushing.push, pushing.rebuild):
                message = problem_of(job(replicated.settings, report), report)
                assert UNREACHED in message
                assert (remembered(report), of_clickhouse(replicated)) == before
            archived(report, tmp_path, month(2019, 4), policies=BOTH)
            message = problem_of(pushing.push(replicated.settings, report), report)
            assert UNREACHED in message
            assert (remembered(report), of_clickhouse(replicated)) == before
        pushed_in_the_end(replicated, report)
        assert_equal(report, replicated)
        assert not state_of(report)["problem"]

    def test_a_first_push_fills_nothing_by_halves(self, synced_shop, replicated):
        before = remembered(synced_shop)
        with keeper_away(replicated):
            result = pushing.push(replicated.settings, synced_shop)
            assert UNREACHED in problem_of(result, synced_shop)
            assert remembered(synced_shop) == before
            assert_answers(synced_shop, replicated, "postgresql")
        pushed_in_the_end(replicated, synced_shop)
        assert_answers(synced_shop, replicated)
        assert_equal(synced_shop, replicated)

    def test_a_push_that_loses_it_on_its_way_is_gone_on_with(
        self, shop, report, replicated, monkeypatch
    ):
        synced(shop.dsn, report)
        pushed_to_all(replicated, report)
        one_more(shop, report, "X")
        insert = servers.Servers.insert

        def insert_and_lose(self, table, *given):
            insert(self, table, *given)
            if table == "promotion_order_data":
                replicated.cluster.stop(replicated.cluster.agreed)

        with monkeypatch.context() as patch:
            patch.setattr(servers.Servers, "insert", insert_and_lose)
            result = pushing.push(replicated.settings, report)
        assert UNREACHED in problem_of(result, report)
        assert state_of(report)["pushing"]
        assert_answers(report, replicated, "postgresql")
        replicated.cluster.start(replicated.cluster.agreed)
        pushed_in_the_end(replicated, report)
        assert_answers(report, replicated)
        assert_equal(report, replicated)


class TestJava:
    """The set-up on a machine that has no Java, as ZooKeeper is set up there."""

    @pytest.fixture
    def paths(self, cluster_of, tmp_path, monkeypatch):
        """Folders without anything; no program is called java, no package has it."""
        programs = tmp_path / "programs"
        programs.mkdir()
        for folder in os.environ["PATH"].split(os.pathsep):
            for program in Path(folder).glob("*"):
                if program.name != "java" and not (programs / program.name).exists():
                    (programs / program.name).symlink_to(program)
        monkeypatch.setenv("PATH", str(programs))
        (tmp_path / "status").write_text(without_java(debian.STATUS.read_text()))
        monkeypatch.setattr(debian, "STATUS", tmp_path / "status")
        return replace(locate(), cache=tmp_path / "cache")

    def test_debians_is_unpacked_and_zookeeper_runs_on_it(self, paths):
        program = tools.zookeeper(paths, debian.Apt(paths.cache / "apt"))
        assert "usr/lib/jvm" in program.read_text()
        folder = paths.cache / "keeper"
        made = ZooKeeper(program, folder / "zookeeper", ports.choose())
        made.prepare()
        keeper = Keeper(folder, is_tied=True)
        try:
            assert keeper.start(made.service())
        finally:
            keeper.stop("zookeeper")

    def test_where_debian_has_none_that_is_told(self, paths, monkeypatch):
        pin = f"\nPackage: {tools.JAVA}\nPin: release *\nPin-Priority: -1\n"
        monkeypatch.setattr(debian, "PREFERENCES", debian.PREFERENCES + pin)
        with pytest.raises(Unavailable) as told:
            tools.zookeeper(paths, debian.Apt(paths.cache / "apt"))
        assert str(told.value) == (
            "ZooKeeper needs Java: there is no java on the PATH, and Debian has no"
            " default-jre-headless here"
        )
