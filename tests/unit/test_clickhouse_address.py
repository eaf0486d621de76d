"""What an address of ClickHouse says: hosts, database, cluster; and what its tables become."""

import pytest

from core.errors import ConfigurationError
from core.settings import redact
from core.stores import clickhouse, cluster_schema
from core.stores.push_tables import FACTS, TABLES

SEVERAL = "clickhouses://u:s%40cret@one:9440,two/shop?cluster=c1&ca_certs=/ca.pem"


def test_a_server_by_itself_has_no_cluster():
    where = clickhouse.address("clickhouse://u:p@one/shop?compression=lz4")
    assert (where.place, where.cluster, where.on_cluster) == ("one:9000/shop", "", "")
    assert where.nodes == ("clickhouse://u:p@one/shop?compression=lz4",)


def test_several_hosts_are_an_address_each_with_the_port_of_the_protocol():
    where = clickhouse.address(SEVERAL)
    assert where.place == "one:9440, two:9440/shop"
    assert where.on_cluster == " ON CLUSTER `c1`"
    one, two = map(clickhouse.address, where.nodes)
    assert (one.place, two.place) == ("one:9440/shop", "two:9440/shop")
    assert two.cluster == "c1"


def test_the_driver_is_told_no_cluster_and_everything_else():
    node = clickhouse.address(clickhouse.address(SEVERAL).nodes[1])
    assert node.driver_url == "clickhouses://u:s%40cret@two/shop?ca_certs=%2Fca.pem"


def test_passwords_are_not_shown():
    assert redact(SEVERAL).startswith(
        "clickhouses://u:***@one:9440,two/shop?cluster=c1"
    )
    assert "cret" not in clickhouse.address(SEVERAL).place


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://u:secret@one,/shop",
        "clickhouse://u:secret@one:port,two/shop",
        "clickhouse://u:secret@one/shop?cluster=a`b",
        "clickhouse://u:secret@one/sh`op?cluster=ab",
        "clickhouse://u:secret@one/x'; DROP?cluster=ab",
        "http://u:secret@one/shop",
    ],
)
def test_what_is_no_address_is_refused_without_its_password(url):
    with pytest.raises(ConfigurationError) as raised:
        clickhouse.address(url)
    assert "secret" not in str(raised.value)


def test_every_table_is_made_on_a_cluster():
    where = clickhouse.address(SEVERAL)
    made = [*cluster_schema.replicated(where, "unique", "_new")]
    assert len(made) == len(TABLES)
    for table, statement in zip(sorted(TABLES), sorted(made), strict=True):
        name = f"{cluster_schema.stored(table)}_new"
        assert statement.startswith(
            f"CREATE TABLE IF NOT EXISTS {name} ON CLUSTER `c1`"
        )
        assert "{suffix}" not in statement
    assert cluster_schema.distributed(where).keys() == FACTS.keys()


def test_the_key_that_decides_the_shard_is_in_the_sort_key():
    for statement in clickhouse.statements("tables.sql"):
        table = statement.split()[5]
        if table in FACTS:
            order = statement.partition("ORDER BY (")[2].rstrip(")")
            assert cluster_schema.SHARD_KEYS[table] in order.replace("\n", " ").split(
                ", "
            )


def test_one_server_and_each_layout_have_versions_of_their_own():
    versions = {clickhouse.schema_version(x)[:16] for x in ("", "c 1 1", "c 2 1")}
    assert len(versions) == len({"", "c 1 1", "c 2 1"})
