"""The tables of ``clickhouse/tables.sql`` as they are made on a cluster.

A table of facts is ``<table>_local`` on each node, replicated within its shard, and a
Distributed table of its name over all shards. Ids and names are whole on each shard.
"""

import re

from . import clickhouse
from .push_tables import FACTS

# Another number has all clusters filled anew.
VERSION = 1
# Facts → the number that decides the shard. Every version of a row and its tombstone
# have it, as it is in the sort key: FINAL sees all of them on one shard. So an order
# goes by its own number: its customer may be corrected.
SHARD_KEYS = {
    "promotion_order_data": "order_key",
    "promotion_performance_data": "day",
    "membership_analytics_data": "day",
    "customer_day_data": "customer_key",
    "point_analytics_data": "card_key",
}
_TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (?P<name>\w+) \((?P<columns>.*)\)"
    r" ENGINE = ReplacingMergeTree\((?P<version>\w+)\)(?P<rest>.*)",
    re.DOTALL,
)
# The keeper's path is the table's own: what an earlier table of this name left there,
# also the digests of its blocks, is none of this one's business.
_REPLICATED = (
    "CREATE TABLE IF NOT EXISTS {stored}{on_cluster} ({columns})"
    " ENGINE = ReplicatedReplacingMergeTree("
    "'/clickhouse/tables/{{shard}}/{database}/{stored}/{unique}', '{{replica}}',"
    " {version}){rest}"
)
_DISTRIBUTED = (
    "CREATE TABLE {name}{on_cluster} ({columns})"
    " ENGINE = Distributed('{cluster}', '{database}', '{stored}')"
)


def stored(table):
    """Return the name of the table that holds a node's rows."""
    return clickhouse.local(table) if table in FACTS else table


def replicated(where, unique, suffix=""):
    """Return the statements that make the tables with the rows.

    :param where: :class:`~core.stores.clickhouse.Address`
    :param unique: what no tables were made with before
    :param suffix: sets the tables of a rebuild apart
    """
    for table in _tables():
        parts = table.groupdict() | {"stored": f"{stored(table['name'])}{suffix}"}
        yield _REPLICATED.format(
            **parts,
            unique=unique,
            on_cluster=where.on_cluster,
            database=where.database,
        )


def distributed(where):
    """Return {table of facts: the statement that makes it, over all shards}."""
    return {
        table["name"]: _DISTRIBUTED.format(
            name=table["name"],
            columns=table["columns"],
            stored=stored(table["name"]),
            on_cluster=where.on_cluster,
            cluster=where.cluster,
            database=where.database,
        )
        for table in _tables()
        if table["name"] in FACTS
    }


def _tables():
    return map(_TABLE.fullmatch, clickhouse.statements("tables.sql"))
