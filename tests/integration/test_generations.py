"""Whose files are whose: copies of a database, backups, installations anew, crashes."""

import errno
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import date

import databases
import pytest
from archiving import DETAIL, archive, archived, away, month, restored
from fsspec.implementations.local import LocalFileSystem
from pipeline import assert_same_contents, contents, synced
from test_retention import KILLED, LATER

from core.retention.files import Location, Unusable
from core.retention.generations import OWNER, take_over
from core.retention.policy import Policy, Tier
from core.retention.restore import restore

pytest_plugins = ["store_fixtures"]
MARCH = month(2017, 3)
SHORTER = (*DETAIL, Policy(Tier.ARCHIVE, 180))
YEARS_LATER = date(2019, 1, 1)


def files(folder):
    """{path below the folder: content}."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def of_march(folder):
    """Paths of March's files below a folder, those put aside apart from the others."""
    paths = sorted(path for path in files(folder) if "201703" in path)
    aside = [path for path in paths if path.startswith("former/")]
    return [path for path in paths if path not in aside], aside


def corrected(shop, report, store):
    """March is brought back by a correction of one of its orders."""
    shop.change("processed_order", "A1", store_id=store)
    synced(shop.dsn, report)
    assert MARCH not in away(report)


@contextmanager
def copied(report):
    """A copy of a database, under another name."""
    with databases.database(databases.REPORT, report) as other:
        yield other


def promoted(folder):
    """The files are those of the server that ours is a copy of."""
    owner = json.loads((folder / OWNER).read_text())
    owner["timeline"] += 1
    (folder / OWNER).write_text(json.dumps(owner))


class TestCopies:
    """A copy of the database, for tests, with the address of production's archives."""

    def test_one_that_keeps_them_for_a_shorter_time_removes_none(
        self, synced_shop, tmp_path
    ):
        gone = archived(synced_shop, tmp_path, LATER)
        before = files(tmp_path)
        with copied(synced_shop) as other:
            assert archive(other, tmp_path, YEARS_LATER, SHORTER).state == "done"
            assert away(other) == []  # it has no archives any more
        assert files(tmp_path) == before
        assert away(synced_shop) == gone

    def test_one_that_was_told_to_write_elsewhere_removes_none(
        self, shop, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path / "production", LATER)
        before = files(tmp_path / "production")
        with copied(synced_shop) as other:
            corrected(shop, other, 9)
            assert MARCH in archived(other, tmp_path / "copy", LATER, days_former=0)
            assert len(of_march(tmp_path / "copy")[0]) == 5
        assert files(tmp_path / "production") == before

    def test_one_that_writes_to_the_same_place_is_refused(
        self, shop, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path, LATER)
        before = files(tmp_path)
        with copied(synced_shop) as other:
            corrected(shop, other, 9)
            result = archive(other, tmp_path, LATER)
            assert result.state == "failed"
            assert "those of another database" in result.message
        assert files(tmp_path) == before

    def test_one_of_the_whole_server_that_was_promoted_is_refused(
        self, shop, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path, LATER)
        promoted(tmp_path)
        corrected(shop, synced_shop, 9)

        result = archive(synced_shop, tmp_path, LATER)
        assert result.state == "failed"
        assert "loyalty_archive claim" in result.message

        take_over(synced_shop, str(tmp_path))
        assert MARCH in archived(synced_shop, tmp_path, LATER)

    def test_an_owner_of_before_there_were_timelines_goes_on(
        self, shop, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path, LATER)
        owner = json.loads((tmp_path / OWNER).read_text())
        (tmp_path / OWNER).write_text(json.dumps({"database": owner["database"]}))
        corrected(shop, synced_shop, 9)

        assert MARCH in archived(synced_shop, tmp_path, LATER)
        assert json.loads((tmp_path / OWNER).read_text()) == owner

    def test_files_of_before_there_were_timelines_expire(self, synced_shop, tmp_path):
        archived(synced_shop, tmp_path, LATER)
        owner = json.loads((tmp_path / OWNER).read_text())
        (tmp_path / OWNER).write_text(json.dumps({"database": owner["database"]}))

        assert archive(synced_shop, tmp_path, YEARS_LATER, SHORTER).state == "done"
        assert set(files(tmp_path)) == {OWNER}

    def test_what_expired_before_it_was_taken_over_is_removed_then(
        self, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path, LATER)
        promoted(tmp_path)
        archive(synced_shop, tmp_path, YEARS_LATER, SHORTER)
        assert len(files(tmp_path)) > 1

        take_over(synced_shop, str(tmp_path))
        archive(synced_shop, tmp_path, YEARS_LATER, SHORTER)
        assert set(files(tmp_path)) == {OWNER}

    def test_a_location_that_cannot_be_looked_at_is_not_taken_for_nobodys(
        self, shop, synced_shop, tmp_path, monkeypatch
    ):
        archived(synced_shop, tmp_path, LATER)
        promoted(tmp_path)
        before = files(tmp_path)
        corrected(shop, synced_shop, 9)

        def fail(*_arguments, **_options):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as patched:
            patched.setattr(LocalFileSystem, "ls", fail)
            patched.setattr(LocalFileSystem, "exists", lambda *_: False)
            result = archive(synced_shop, tmp_path, LATER)
        assert result.state == "failed"
        assert files(tmp_path) == before


class TestFilesGone:
    """A month that was restored leaves again: its files are looked at first."""

    @pytest.fixture
    def back(self, synced_shop, tmp_path):
        """The report with March restored, unchanged."""
        archived(synced_shop, tmp_path, LATER)
        restore(synced_shop, MARCH)
        return synced_shop

    def leaves(self, report, folder):
        """March leaves again, a week later, and comes back as it was."""
        before = contents(report)
        databases.execute(
            report,
            "UPDATE loyalty_reporting_archive SET restored_at = '2017-11-01'"
            " WHERE state = 'restored'",
        )
        assert MARCH in archived(report, folder, LATER)
        restore(report, MARCH)
        assert_same_contents(before, contents(report))

    @pytest.mark.parametrize("lost", ["removed", "damaged"])
    def test_those_that_are_lost_are_written_anew(self, lost, back, tmp_path):
        [file] = tmp_path.glob("point_analytics_data/*201703*")
        if lost == "removed":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:-1] + b"x")

        self.leaves(back, tmp_path)

    def test_those_of_another_place_are_written_where_the_policy_says(
        self, back, tmp_path
    ):
        self.leaves(back, tmp_path / "new")
        here, _aside = of_march(tmp_path / "new")
        assert len(here) == 5

    def test_those_that_are_whole_stay_as_they_are(self, back, tmp_path):
        before = files(tmp_path)
        self.leaves(back, tmp_path)
        assert files(tmp_path) == before


class TestFormer:
    """A generation that a newer one took the place of."""

    def test_a_backup_finds_the_files_of_its_time(self, shop, synced_shop, tmp_path):
        before = contents(synced_shop)
        archived(synced_shop, tmp_path, LATER)
        with copied(synced_shop) as backup:
            for store in (9, 10):
                corrected(shop, synced_shop, store)
                archived(synced_shop, tmp_path, LATER)

            assert_same_contents(before, restored(backup))

    def test_it_lies_beside_what_is_read_as_a_folder_until_its_time_is_over(
        self, shop, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path, LATER)
        corrected(shop, synced_shop, 9)
        archived(synced_shop, tmp_path, LATER)
        here, aside = of_march(tmp_path)
        assert (len(here), len(aside)) == (5, 5)
        assert all(".2." in path for path in here)

        archived(synced_shop, tmp_path, LATER, days_former=0)
        assert of_march(tmp_path) == (here, [])

    def test_it_goes_with_the_month_when_that_expires(
        self, shop, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path, LATER)
        corrected(shop, synced_shop, 9)
        archived(synced_shop, tmp_path, LATER)

        assert archive(synced_shop, tmp_path, YEARS_LATER, SHORTER).state == "done"
        assert set(files(tmp_path)) == {OWNER}

    def test_a_process_killed_before_it_was_put_aside_is_gone_on_with(
        self, shop, synced_shop, tmp_path
    ):
        archived(synced_shop, tmp_path, LATER)
        corrected(shop, synced_shop, 9)
        before = contents(synced_shop)
        command = [sys.executable, KILLED, synced_shop, tmp_path, LATER.isoformat()]
        killed = subprocess.run([*command, "saved"], check=False)
        assert killed.returncode == -signal.SIGKILL
        assert len(of_march(tmp_path)[0]) == 10

        archived(synced_shop, tmp_path, LATER)

        here, aside = of_march(tmp_path)
        assert (len(here), len(aside)) == (5, 5)
        assert_same_contents(before, restored(synced_shop))

    def test_one_that_cannot_be_removed_is_remembered(
        self, shop, synced_shop, tmp_path, monkeypatch
    ):
        archived(synced_shop, tmp_path, LATER)
        corrected(shop, synced_shop, 9)
        archived(synced_shop, tmp_path, LATER)

        def refuse(location, path):
            raise Unusable(f"{location.address}/{path} is read-only")

        with monkeypatch.context() as patched:
            patched.setattr(Location, "remove", refuse)
            result = archive(synced_shop, tmp_path, LATER, days_former=0)
        assert result.state == "failed"
        assert "is read-only" in result.message

        archived(synced_shop, tmp_path, LATER, days_former=0)
        assert of_march(tmp_path)[1] == []


class TestUnknown:
    """Whole generations of which this database knows nothing."""

    @pytest.fixture
    def reinstalled(self, synced_shop, report, shop, tmp_path):
        """A database that begins anew where another one archived, with fewer rows."""
        archived(synced_shop, tmp_path, LATER)
        shop.delete("processed_order", "A1")
        synced(shop.dsn, report)
        take_over(report, str(tmp_path))
        return report

    def test_none_is_lost_to_an_installation_anew(
        self, reinstalled, synced_shop, tmp_path
    ):
        before = files(tmp_path)
        old, _aside = of_march(tmp_path)

        assert MARCH in archived(reinstalled, tmp_path, LATER, days_former=0)

        here, aside = of_march(tmp_path)
        assert len(here) == len(old) == 5
        assert aside == [f"former/{path}" for path in old]
        after = files(tmp_path)
        assert all(after[f"former/{path}"] == before[path] for path in old)
        restore(synced_shop, MARCH)

    def test_numbers_are_given_once(self, reinstalled, tmp_path):
        archived(reinstalled, tmp_path, LATER)
        query = "SELECT DISTINCT generation FROM loyalty_reporting_archive"
        assert databases.rows(reinstalled, query) == [(2,)]
