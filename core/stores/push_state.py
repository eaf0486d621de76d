"""What PostgreSQL and ClickHouse remember of the pushes, and whether they agree.

PostgreSQL's part tells readers whether the copy is whole: they compare the epoch
before and after a query. ClickHouse's part tells whether it is the copy that
PostgreSQL remembers: either of them may have been restored, lost or mixed up.
"""

from dataclasses import dataclass

from ..errors import StoreError
from . import clickhouse


@dataclass(frozen=True)
class Memory:
    """What one side remembers of the last push.

    :param epoch: number of the push, counted up by each
    :param watermark: load up to which ClickHouse holds everything; 0 is nothing
    :param owner: the reporting database that pushes
    :param schema: by which the tables in ClickHouse were made
    :param pushing: the push has begun and is not known to have ended
    :param settled_epoch: of the last push that has ended; only PostgreSQL remembers it
    """

    epoch: int
    watermark: int
    owner: str
    schema: str
    pushing: bool = False
    settled_epoch: int = 0


def ours(state, layout=""):
    """Return what PostgreSQL remembers.

    :param layout: :attr:`core.stores.servers.Servers.layout`
    """
    with state, state.cursor() as cr:
        cr.execute(
            "SELECT epoch, watermark, system_identifier || '/' || current_database(),"
            " %s, pushing, settled_epoch"
            " FROM pg_control_system(), loyalty_reporting_clickhouse",
            [clickhouse.schema_version(layout)],
        )
        return Memory(*cr.fetchone())


def theirs(servers):
    """Return what ClickHouse remembers, or None if it is empty.

    Of a cluster the node that remembers most: others may have been away.
    """
    servers.prepare()
    newest = servers.each(
        "SELECT epoch, watermark, owner, schema FROM push_state"
        " ORDER BY epoch DESC, watermark DESC LIMIT 1"
    )
    return Memory(*max(newest)) if newest else None


def disagreement(ours, theirs):
    """Return why the copy must be rebuilt, or an empty text.

    :raise StoreError: the copy belongs to another reporting database
    """
    if theirs is None:
        return "ClickHouse was empty and has been filled from PostgreSQL."
    if theirs.owner != ours.owner:
        raise StoreError(
            "The ClickHouse database is the copy of another reporting database "
            f"({theirs.owner.partition('/')[2]}). Give this one a database of its own, "
            "or drop its tables if it is no longer needed."
        )
    if not clickhouse.has_tables_of(theirs.schema, ours.schema):
        return "ClickHouse had the tables of another version and was rebuilt."
    # A push that was cut short may have got anywhere between its two entries.
    is_settled = (theirs.epoch, theirs.watermark) == (ours.epoch, ours.watermark)
    is_begun = theirs.epoch <= ours.epoch and theirs.watermark >= ours.watermark
    if not (is_begun if ours.pushing else is_settled):
        return (
            f"ClickHouse stood at load {theirs.watermark} (push {theirs.epoch}), "
            f"PostgreSQL remembered {ours.watermark} (push {ours.epoch}): one of them "
            "was restored. ClickHouse was rebuilt."
        )
    if not ours.watermark:
        return "A rebuild had been cut short; ClickHouse was rebuilt."
    return ""


def begin(state, servers, memory):
    """Tell readers that the copy is changing, and ClickHouse whose push it is.

    :param memory: the push's epoch, and the watermark that holds until it is whole
    """
    with state, state.cursor() as cr:
        cr.execute(
            "UPDATE loyalty_reporting_clickhouse"
            " SET pushing = true, epoch = %(epoch)s, watermark = %(watermark)s",
            vars(memory),
        )
    _log(servers, memory)


def settle(state, servers, memory):
    """Tell both sides that the copy is whole, and how far it reaches."""
    if servers:
        _log(servers, memory)
    with state, state.cursor() as cr:
        cr.execute(
            "UPDATE loyalty_reporting_clickhouse SET pushing = false,"
            " watermark = %(watermark)s, settled_epoch = %(epoch)s,"
            " pushed_at = now() AT TIME ZONE 'UTC',"
            " problem = NULL, problem_at = NULL",
            vars(memory),
        )


def note(state, problem):
    """Remember why ClickHouse is behind, for the screen."""
    with state, state.cursor() as cr:
        cr.execute(
            "UPDATE loyalty_reporting_clickhouse SET problem = %s,"
            " problem_at = now() AT TIME ZONE 'UTC'",
            [problem],
        )


def log_schema(servers, schema, change):
    """Write down that tables or views are of another version now, and why."""
    newest = servers.each("SELECT schema FROM schema_log ORDER BY number DESC LIMIT 1")
    if {*newest} != {(schema,)}:
        servers.tell(
            "INSERT INTO schema_log (number, schema, change)"
            " SELECT count() + 1, %(schema)s, %(change)s FROM schema_log",
            {"schema": schema, "change": change},
        )


def _log(servers, memory):
    servers.tell(
        "INSERT INTO push_state (epoch, watermark, owner, schema) VALUES",
        [(memory.epoch, memory.watermark, memory.owner, memory.schema)],
    )
