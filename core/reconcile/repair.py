"""Put right whatever differs in some months, from the source upwards.

What lies below is put right first: documents are read again, then what follows from
them is computed anew, then ClickHouse is sent what differs.
"""

from contextlib import closing

from .. import sync
from ..errors import StoreError
from ..records import Counts, RunResult
from ..stores import loads, mending, push, push_state, servers
from ..stores.locks import held
from ..stores.reporting import connect
from . import months as choice
from .findings import Findings
from .of_copy import LEVEL as COPY
from .of_copy import Copy, memory, original
from .of_rollups import compare_derived, compare_rollups, plan
from .of_source import compare_month
from .run import (
    PUSH,
    STORES,
    compare_copies,
    logged,
    newest_load,
    reconcile_source,
    reconcile_stores,
)
from .snapshot import Snapshot

# What one pass puts right may show another difference above it.
_PASSES = 3


def repair(sources, settings, dsn, months):
    """Repair some months, and reconcile them again.

    :param sources: (source, feed) pairs, as ``reconcile_source`` wants them
    :param months: first days of months
    :return: :class:`RunResult`; ``failed`` where something differs still
    """

    def work(_run_id):
        counts = Counts()
        with closing(Snapshot(dsn)) as snapshot, snapshot.look() as cr:
            here = choice.here(cr, months)
        for _pass in range(_PASSES):
            changed = [
                _repair_source(source, dsn, here, feed, counts)
                for source, feed in sources
            ]
            if not any([*changed, _repair_rollups(dsn, here, counts)]):
                break
        if settings.clickhouse_url:
            _repair_copy(settings, dsn, here, counts)
        return RunResult("done", counts)

    result = logged(dsn, "repair", STORES, work)
    if result.state != "done":
        return result
    for source, feed in sources:
        reconcile_source(source, dsn, months=months, settled="repaired", **feed)
    found = reconcile_stores(settings, dsn, months=months, settled="repaired")
    return RunResult(result.state, result.counts, message=found.message)


def _repair_source(source, dsn, months, feed, counts):
    """Load the documents of a source that differ. Returns whether there were any."""
    findings = Findings()
    name, system = feed["source_name"], feed.get("system", "engine")
    since = newest_load(dsn)
    known = {"erasure_secret": feed.get("erasure_secret", "")}
    with closing(Snapshot(dsn, name, system, **known)) as snapshot:
        for month in months:
            compare_month(snapshot, source, month, since, findings)
    if not findings.differing("source"):
        return False
    mending.remove_orphans(dsn, months)
    keys = findings.keys()
    if keys:
        mending.forget_content(dsn, system, keys)
        result = sync.replay(source, dsn, keys=keys, **feed)
        counts.add(result.counts)
        if result.state != "done":
            raise StoreError(f"The documents could not be read again: {result.message}")
    return True


def _repair_rollups(dsn, months, counts):
    """Compute anew what does not follow. Returns whether there was any."""
    findings = Findings()
    with closing(Snapshot(dsn)) as snapshot:
        compare_rollups(snapshot, months, set(), findings)
    if not any(day.differences for day in findings.days.values()):
        return False
    with closing(Snapshot(dsn)) as snapshot, snapshot.look() as cr:
        groups = plan(cr, months)
    for group in groups:
        with mending.locked(dsn) as cr:
            load_id = None
            for derived, values in group:
                if compare_derived(cr, derived, values, Findings()):
                    load_id = load_id or loads.draw(cr)
                    counts.rows_loaded += mending.put_in_place(cr, derived, load_id)
    return True


def _repair_copy(settings, dsn, months, counts):
    """Send ClickHouse what differs there; if that does not help, everything."""
    differing = _differing(settings, dsn, months)
    if not differing:
        return
    for table, days in differing.items():
        _send_again(settings, dsn, table, days)
    counts.add(push.push(settings, dsn).counts)
    if _differing(settings, dsn, months):
        # Rows there with a higher number than we have given are never replaced.
        counts.add(push.rebuild(settings, dsn).counts)


def _differing(settings, dsn, months):
    findings = Findings()
    with closing(Snapshot(dsn)) as snapshot:
        compare_copies(settings, snapshot, dsn, months, findings, is_all=False)
    return findings.differing(COPY)


def _send_again(settings, dsn, table, days):
    """Mark the rows of some days as new, and delete in ClickHouse what is too much."""
    with (
        held(dsn, PUSH),
        servers.opened(settings.clickhouse_url) as there,
    ):
        before = memory(dsn, there)
        surplus, also = [], set()
        with closing(Snapshot(dsn)) as snapshot, snapshot.look() as cr:
            copy = Copy(cr, there, before.watermark)
            for day in days:
                key, keys, elsewhere = copy.surplus(table, day)
                surplus += [_typed(key, found) for found in keys]
                also |= elsewhere
        load_id = mending.touch(dsn, original(table), sorted({*days, *also}))
        if surplus:
            _delete(dsn, there, table, surplus, load_id)


def _delete(dsn, there, table, rows, load_id):
    """Delete rows (column → value of the key) there; readers notice by the epoch."""
    # No push sends this again: who is away would never know.
    there.require_all("A repair of ClickHouse")
    with closing(connect(dsn)) as state:
        ours = push_state.ours(state, there.layout)
        there.choose_writers(ours)
        begun = type(ours)(**{**vars(ours), "epoch": ours.epoch + 1})
        push_state.begin(state, there, begun)
        columns = zip(*((*row.values(), load_id, 1) for row in rows), strict=True)
        there.insert(table, [*rows[0], "load_id", "is_deleted"], [*columns])
        there.sync()
        there.confirm(begun)
        push_state.settle(state, there, begun)


def _typed(key, found):
    return {
        name: value if name == "channel" else int(value)
        for name, value in zip(key, found, strict=True)
    }
