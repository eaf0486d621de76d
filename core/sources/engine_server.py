"""Which server is this, and how far is it? What a run asks the engine first."""

from dataclasses import dataclass

from . import contract


@dataclass(frozen=True)
class Server:
    """The engine's server at the instant of a snapshot.

    :ivar high: transactions from here on belong to the next run
    :ivar begun: transactions from here on had not begun
    :ivar identity: what changes when the engine is restored or replaced: system,
        timeline, database, and the highest transaction on a row that this server
        has not begun (``ahead``; a dump that was restored brings such rows)
    :ivar lag_seconds: age of the oldest transaction that holds the cursor back
    :ivar notice: a sentence about that transaction, or empty
    """

    high: int
    begun: int
    identity: dict
    lag_seconds: float
    notice: str

    def is_where(self, position):
        """Tell whether a saved position is one in the history of this server."""
        reached = max(position.get("low") or 0, position.get("high") or 0)
        known = {name: position.get(name) for name in self.identity}
        return known == self.identity and self.begun >= reached


def ask(cr, queries):
    """Return the :class:`Server` behind a cursor; begins the snapshot."""
    cr.execute(
        "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
        " FROM pg_current_snapshot() s"
    )
    high, begun = cr.fetchone()
    lag_seconds, notice = _blocker(cr, high)
    return Server(high, begun, _identify(cr, queries, begun), lag_seconds, notice)


def _identify(cr, queries, begun):
    cr.execute(
        "SELECT (SELECT system_identifier::text FROM pg_control_system()),"
        " (SELECT timeline_id FROM pg_control_checkpoint()),"
        " (SELECT oid::bigint FROM pg_database WHERE datname = current_database())"
    )
    system, timeline, database = cr.fetchone()
    rows = " UNION ALL ".join(
        f"(SELECT txid FROM ({queries[table]}) q WHERE txid >= '{begun}'::xid8"
        " ORDER BY txid DESC LIMIT 1)"
        for table in contract.TABLES
    )
    cr.execute(f"SELECT max(txid::text::bigint) FROM ({rows}) r")
    return {
        "system": system,
        "timeline": timeline,
        "database": database,
        "ahead": cr.fetchone()[0],
    }


def _blocker(cr, high):
    """Return (age in seconds, sentence) of the transaction that holds us back."""
    cr.execute(
        "SELECT pid::text, datname, state, extract(epoch FROM now() - xact_start)"
        " FROM pg_stat_activity"
        " WHERE backend_xid::text::bigint = (%(high)s & 4294967295)"
        " UNION ALL SELECT gid, database, 'prepared', extract(epoch FROM now() - prepared)"
        " FROM pg_prepared_xacts"
        " WHERE transaction::text::bigint = (%(high)s & 4294967295) LIMIT 1",
        {"high": high},
    )
    row = cr.fetchone()
    if row is None:
        return 0.0, ""
    pid, database, state, age = row
    return float(age or 0), (
        f"A transaction in the engine's cluster holds the cursor back: {pid} "
        f"({state}, database {database}) for {age or 0:.0f} s."
    )
