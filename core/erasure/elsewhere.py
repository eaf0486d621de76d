"""Identifiers outside the reporting database: remembered answers, streams, ClickHouse."""

from contextlib import closing

from ..stores import servers
from ..stores.locks import held
from ..streams import redis_client
from .pseudonyms import CARD, CUSTOMER, scrubbed

# As core/queries/cache.py names them; counters and quotas are called otherwise.
_ANSWERS = "loyalty_reporting:" + "[0-9a-f]" * 64
_ENTRIES = 1000
# Of who changes ClickHouse.
_LOCK = "clickhouse"
_TABLES = {
    CUSTOMER: ("customer_data", "customer_key", "partner_id"),
    CARD: ("card_data", "card_key", "card_id"),
}


def forget_answers(url):
    """Remove all remembered answers: none tells whom it names. Returns how many."""
    client = redis_client.connect(url)
    with closing(client), redis_client.explained("answers"):
        removed = 0
        for key in client.scan_iter(match=_ANSWERS, count=_ENTRIES):
            removed += client.delete(key)
        return removed


def forget_events(url, name, who):
    """Remove a person's events that every group of a Redis Stream is done with.

    :return: (events removed, events that somebody has yet to read)
    """
    client = redis_client.connect(url)
    with closing(client), redis_client.explained(name):
        if not client.exists(name):
            return 0, 0
        first_waiting = _first_waiting(client, name)
        removed = left = 0
        place = "-"
        while entries := client.xrange(name, place, count=_ENTRIES):
            for entry_id, values in entries:
                if not any(_names(value, who) for value in values.values()):
                    continue
                if _order(entry_id) < first_waiting:
                    removed += client.xdel(name, entry_id)
                else:
                    left += 1
            place = b"(" + entries[-1][0]
        return removed, left


def _first_waiting(client, name):
    """Return the place of the first entry that a group waits for, or has and not acked."""
    places = []
    for group in client.xinfo_groups(name):
        if group["pending"]:
            places.append(_order(client.xpending(name, group["name"])["min"]))
        else:
            place, number = _order(group["last-delivered-id"])
            places.append((place, number + 1))
    return min(places, default=(0, 0))


def _order(entry_id):
    return tuple(map(int, entry_id.split(b"-")))


def _names(payload, who):
    text = payload.decode(errors="replace")
    return scrubbed(text, who.pseudonym_of) != text


def rename_copies(settings, dsn, who):
    """Replace identifiers in ClickHouse, so that no part on its disk stays in use.

    :return: rows
    """
    # While a push runs, it may send what it read before.
    with (
        held(dsn, _LOCK, seconds=300),
        servers.opened(settings.clickhouse_url) as there,
    ):
        there.require_all("An erasure")
        # What a rebuild that was cut short left behind.
        there.drop("_new", "_old")
        changed = sum(
            _rename(there, table, key, column, who.keys(kind))
            for kind, (table, key, column) in _TABLES.items()
        )
        return changed


def count_copies(settings, who):
    """Return how many rows of ClickHouse hold an identifier still."""
    with servers.opened(settings.clickhouse_url, timeout=30) as there:
        there.require_all("An erasure")
        return sum(
            _count(there, table, key, column, who.keys(kind))
            for kind, (table, key, column) in _TABLES.items()
        )


def _rename(there, table, key, column, keys):
    if not _exists(there, table) or not keys:
        return 0
    there.sync()
    there.choose_writers()
    changed = _count(there, table, key, column, keys)
    if changed:
        rows = there.execute(
            f"SELECT {key}, max(version) + 1, -toInt64({key}) FROM {table}"
            f" WHERE {key} IN %(keys)s GROUP BY {key}",
            {"keys": tuple(keys)},
        )
        there.insert(table, [key, "version", column], [*zip(*rows, strict=True)])
        there.optimize(table)
    return changed


def _count(there, table, key, column, keys):
    if not _exists(there, table) or not keys:
        return 0
    query = (
        f"SELECT count() FROM {table}"
        f" WHERE {key} IN %(keys)s AND {column} != -toInt64({key})"
    )
    return sum(number for (number,) in there.each(query, {"keys": tuple(keys)}))


def _exists(there, table):
    return all(found for (found,) in there.each(f"EXISTS TABLE {table}"))
