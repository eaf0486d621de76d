"""Monthly partitions: made beside their table, then attached.

``CREATE TABLE … PARTITION OF`` would wait for every reader of the table; attaching
a finished one does not. There is no default partition, which would forbid
``DETACH … CONCURRENTLY`` later.
"""

from datetime import date

_INDEXES = """
    SELECT indisprimary, indisunique,
        substring(pg_get_indexdef(indexrelid) FROM 'USING (.*)$')
    FROM pg_index
    WHERE indrelid = %s::regclass
    ORDER BY indisprimary DESC, indexrelid
"""


def name_of(table, month):
    """Return the name of the partition of ``table`` that holds ``month``."""
    return f"{table}_{month:%Y%m}"


def exists(cr, table, month):
    """Tell whether a month has its partition already."""
    cr.execute("SELECT to_regclass(%s) IS NOT NULL", [name_of(table, month)])
    return cr.fetchone()[0]


def ensure(cr, table, months):
    """Make and attach the missing partitions of ``months`` (first days)."""
    for month in months:
        if not exists(cr, table, month):
            partition = create(cr, table, month)
            index(cr, table, partition)
            attach(cr, table, month)


def create(cr, table, month, suffix=""):
    """Create the table of a month, without indexes and detached.

    :param suffix: of a name for the time of filling, where the load lock is not held:
        a loader that holds it must never wait for one that waits for it
    """
    partition = name_of(table, month) + suffix
    cr.execute(f"CREATE TABLE {partition} (LIKE {table} INCLUDING DEFAULTS)")
    return partition


def index(cr, table, partition):
    """Build on ``partition`` the indexes that ``table`` has.

    Each is given a name: PostgreSQL would cut its own to 63 bytes and so make the same
    one for two months, which collide when they are built at the same time.
    """
    cr.execute(_INDEXES, [table])
    for number, (is_primary, is_unique, definition) in enumerate(cr.fetchall()):
        if is_primary:
            columns = definition.removeprefix("btree ")
            cr.execute(f"ALTER TABLE {partition} ADD PRIMARY KEY {columns}")
        else:
            unique = "UNIQUE" if is_unique else ""
            cr.execute(
                f"CREATE {unique} INDEX {partition}_{number}"
                f" ON {partition} USING {definition}"
            )


def rename(cr, table, month, suffix):
    """Give the filled table of a month its name."""
    name = name_of(table, month)
    cr.execute(f"ALTER TABLE {name}{suffix} RENAME TO {name}")


def attach(cr, table, month):
    """Make the table of a month a partition; readers see it on commit."""
    cr.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {name_of(table, month)} "
        "FOR VALUES FROM (%s) TO (%s)",
        [month, following(month)],
    )


def following(month):
    """Return the first day of the month after ``month``."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
