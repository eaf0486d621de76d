"""Archives are read as they are by other programs: rows and sums are those of the manifest."""

from decimal import Decimal

import databases
import duckdb
import pandas
import pytest
from archiving import BOTH, archived, month
from copies import Copy

from core.retention import tables

pytest_plugins = ["store_fixtures", "s3_fixtures"]
LATER = month(2019, 5)
TABLES = [table for of_tier in tables.TABLES.values() for table in of_tier]


def manifests(dsn):
    """Manifests of all archived months."""
    query = "SELECT manifest FROM loyalty_reporting_archive ORDER BY month"
    return [manifest for (manifest,) in databases.rows(dsn, query)]


def told(dsn, table):
    """(rows, {column: sum}) of a table in all months, as the manifests say.

    A number of unknown scale is a text in the files, and no program adds up texts.
    """
    found = (manifest["tables"] for manifest in manifests(dsn))
    of_table = [each[table] for each in found if table in each]
    names = [name for name, kind in of_table[0]["columns"] if "numeric(" in kind]
    sums = {n: sum(Decimal(each["sums"][n]) for each in of_table) for n in names}
    return sum(each["rows"] for each in of_table), sums


def summed(table, dsn, source, ask):
    """What a program finds: (rows, {column: sum}); a sum is NULL where all values are."""
    _rows, sums = told(dsn, table)
    columns = ", ".join(["count(*)", *(f"sum({name})" for name in sums)])
    [(rows, *found)] = ask(f"SELECT {columns} FROM {source}")
    return rows, {n: value or 0 for n, value in zip(sums, found, strict=True)}


@pytest.fixture
def folder(synced_shop, tmp_path):
    """A local folder with archived months of both tiers."""
    assert archived(synced_shop, tmp_path, LATER, policies=BOTH)
    return tmp_path


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_finds_the_rows_and_sums_of_the_manifest(table, synced_shop, folder):
    source = f"'{folder}/{table}/*.parquet'"

    def ask(query):
        return duckdb.sql(query).fetchall()

    assert summed(table, synced_shop, source, ask) == told(synced_shop, table)


@pytest.mark.parametrize("table", TABLES)
def test_pandas_finds_the_rows_and_sums_of_the_manifest(table, synced_shop, folder):
    rows, sums = told(synced_shop, table)

    frame = pandas.read_parquet(folder / table)

    assert len(frame) == rows > 0
    assert {name: frame[name].sum() for name in sums} == sums


@pytest.mark.parametrize("table", TABLES)
def test_clickhouse_finds_the_rows_and_sums_of_the_manifest(
    table, synced_shop, folder, clickhouse_url
):
    source = f"file('{folder}/{table}/*.parquet', Parquet)"

    found = summed(table, synced_shop, source, reading(clickhouse_url))

    assert found == told(synced_shop, table)


def test_clickhouse_reads_them_in_a_bucket(synced_shop, bucket, clickhouse_url):
    archived(synced_shop, bucket.address, LATER)
    table = "point_analytics_data"
    files = f"{bucket.http_address}/{table}/*.parquet"
    source = f"s3('{files}', '{bucket.key}', '{bucket.secret}', 'Parquet')"

    found = summed(table, synced_shop, source, reading(clickhouse_url))

    assert found == told(synced_shop, table)


def test_clickhouse_reads_texts_dates_and_nothing_as_they_were(
    synced_shop, tmp_path, clickhouse_url
):
    query = (
        "SELECT transaction_id, transaction_type, transaction_date, date, order_id, origin"
        " FROM {} ORDER BY 1, 2"
    )
    expected = databases.rows(synced_shop, query.format("point_analytics_data"))
    archived(synced_shop, tmp_path, LATER)
    source = f"file('{tmp_path}/point_analytics_data/*.parquet', Parquet)"

    found = reading(clickhouse_url)(query.format(source))

    assert [(*r[:2], r[2].replace(tzinfo=None), *r[3:]) for r in found] == expected
    assert any(row[4] is None for row in expected)


def reading(url):
    """Function that asks a server that knows Parquet: Debian's of 2018 does not."""
    copy = Copy(url)
    [(version,)] = copy.rows("SELECT version()")
    if version.startswith("18."):
        pytest.skip(f"ClickHouse {version} reads no Parquet")
    return copy.rows
