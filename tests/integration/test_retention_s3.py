"""Archives in a store of objects: the whole round, and what happens when it refuses."""

import sys
from datetime import date

import databases
import pytest
from archiving import (
    DETAIL,
    LEAVES,
    STAYS,
    archive,
    archived,
    away,
    month,
    restored,
)
from pipeline import assert_same_contents, contents

from core.retention import columnar
from core.retention.files import Location
from core.retention.generations import OWNER
from core.retention.policy import Policy, Tier
from core.retention.run import verify
from core.retention.tables import TABLES

pytest_plugins = ["store_fixtures", "s3_fixtures"]
LATER = month(2017, 12)
GONE = [month(2017, 3), month(2017, 4)]
WRONG = "wrong-s3cr3t"


def files_of(months, generation=1):
    """Names of the objects of some months, and whose they are."""
    found = {OWNER}
    for first in months:
        name = f"{first:%Y%m}.{generation}"
        found.add(f"manifests/{name}.json")
        found |= {f"{table}/{table}_{name}.parquet" for table in TABLES[Tier.DETAIL]}
    return found


def test_months_go_into_a_bucket_and_come_back_row_for_row(synced_shop, bucket):
    before = contents(synced_shop)

    assert archived(synced_shop, bucket.address, LATER) == GONE

    after = contents(synced_shop)
    assert_same_contents({name: before[name] for name in STAYS}, after)
    assert not any(after[name] for name in LEAVES)
    listed = databases.rows(
        synced_shop, "SELECT path, bytes FROM loyalty_reporting_archive_file"
    )
    objects = bucket.objects()
    assert {*objects} == files_of(GONE)
    assert dict(listed).items() <= objects.items()
    assert bucket.unfinished() == []
    assert verify(synced_shop, GONE).state == "done"
    assert_same_contents(before, restored(synced_shop))


def test_their_objects_expire(synced_shop, bucket):
    archived(synced_shop, bucket.address, LATER)
    policies = [*DETAIL, Policy(Tier.ARCHIVE, 1826)]

    result = archive(synced_shop, bucket.address, date(2022, 4, 1), policies)

    assert result.state == "done"
    assert {*bucket.objects()} == files_of([month(2017, 4)])


def test_a_corrected_month_puts_its_objects_aside_for_a_while(synced_shop, bucket):
    archived(synced_shop, bucket.address, LATER)
    restored(synced_shop)
    databases.execute(
        synced_shop,
        "UPDATE loyalty_reporting_archive SET is_changed = true;"
        "UPDATE promotion_report_detail_data SET qty = qty + 1"
        " WHERE transaction_date < '2017-04-01'",
    )

    assert archived(synced_shop, bucket.address, LATER) == GONE

    march, april = month(2017, 3), month(2017, 4)
    current = files_of([march], generation=2) | files_of([april])
    former = {f"former/{path}" for path in files_of([march]) - {OWNER}}
    assert {*bucket.objects()} == current | former
    archived(synced_shop, bucket.address, LATER, days_former=0)
    assert {*bucket.objects()} == current


def assert_refused(synced_shop, bucket, before, reason):
    """The archive fails with a reason that tells no secret, and nothing is gone."""
    result = archive(synced_shop, bucket.address, LATER)
    assert result.state == "failed"
    assert reason in result.message
    assert "No row left the database" in result.message
    told = databases.rows(
        synced_shop,
        "SELECT message FROM loyalty_reporting_run UNION ALL"
        " SELECT problem FROM loyalty_reporting_archive",
    )
    for (text,) in [*told, (result.message,)]:
        assert bucket.secret not in (text or "")
        assert WRONG not in (text or "")
    assert away(synced_shop) == []
    assert_same_contents(before, contents(synced_shop))


def test_wrong_credentials_stop_it(synced_shop, bucket, monkeypatch):
    before = contents(synced_shop)
    bucket.allow(monkeypatch, WRONG)

    assert_refused(synced_shop, bucket, before, "check the credentials")

    assert bucket.objects() == {}
    bucket.allow(monkeypatch, bucket.secret)
    assert archived(synced_shop, bucket.address, LATER) == GONE


def test_a_bucket_that_is_missing_stops_it_and_is_not_made(synced_shop, bucket):
    before = contents(synced_shop)
    bucket.client.delete_bucket(Bucket="archives")

    assert_refused(synced_shop, bucket, before, "no such bucket")

    assert bucket.client.list_buckets()["Buckets"] == []


@pytest.mark.parametrize("files", [0, 3])
def test_a_server_that_goes_away_stops_it_and_the_next_run_goes_on(
    files, synced_shop, bucket, monkeypatch
):
    before = contents(synced_shop)
    write, written = columnar.write, []

    def write_then_vanish(*args):
        write(*args)
        written.append(args[1])
        if len(written) > files:
            bucket.proxy.shut()

    with monkeypatch.context() as patched:
        patched.setattr(columnar, "write", write_then_vanish)
        assert_refused(synced_shop, bucket, before, "endpoint")
    assert not [name for name in bucket.objects() if name.startswith("manifests")]

    bucket.proxy.open()
    assert archived(synced_shop, bucket.address, LATER) == GONE
    assert {*bucket.objects()} == files_of(GONE)
    assert_same_contents(before, restored(synced_shop))


def test_an_upload_that_breaks_off_leaves_no_object(bucket):
    location = Location(bucket.address)

    def write_half():
        with location.writing("half") as file:
            # More than one part of an upload.
            file.write(b"x" * 60_000_000)
            raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        write_half()

    assert bucket.objects() == {}
    assert bucket.unfinished() == []


def test_a_missing_package_is_named(synced_shop, bucket, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    found_before = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(found_before, "s3", raising=False)

    result = archive(synced_shop, bucket.address, LATER)

    assert result.state == "failed"
    assert "Install s3fs" in result.message


@pytest.mark.parametrize(
    "address",
    [
        f"sftp://me:{WRONG}@server/folder",
        f"simplecache::s3://me:{WRONG}@bucket/folder",
        f"s3://bucket/folder?secret={WRONG}",
    ],
)
def test_an_address_with_a_password_is_refused(address, synced_shop):
    result = archive(synced_shop, address, LATER)

    assert result.state == "failed"
    assert "holds a password" in result.message
    assert WRONG not in result.message
