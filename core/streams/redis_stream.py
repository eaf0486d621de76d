"""A Redis Stream, read by a consumer group.

Each entry goes to one consumer of the group and stays pending until it is
acknowledged. Pending entries of consumers that are gone are taken over. An entry that
was handed out again and again without success is suspected of ending the process: it
is handed out alone, and in the end as one with a fault.
"""

import itertools
import os
import socket
import time
from functools import cache
from pathlib import Path

from .base import Batch, Entry, Lost
from .redis_client import check_version, connect, explained

HERE = Path(__file__).parent
FIELD = b"event"
# How often an entry was handed out before it is suspected.
_SUSPECT = 2
_CLAIM_EVERY = 10
_IDLE_SECONDS = 3600
_RELEASED = 10**9
_numbers = itertools.count()


@cache
def _script(name):
    return (HERE / name).read_text(encoding="utf-8")


def consumer_name():
    """Return a name that no other living consumer has.

    In a container that starts again it is the same as before: what was pending is
    then read at once.
    """
    return f"{socket.gethostname()}-{os.getpid()}-{next(_numbers)}"


class RedisStream:
    """A stream of events in Redis.

    :param url: ``redis://…``
    :param name: the stream's key
    :param group: the consumer group; it gets every entry once, whoever its members are
    :param consumer: our name in the group
    :param claim_after: seconds after which a silent consumer's entries are taken over;
        longer than a load takes
    :param max_deliveries: how often an entry is tried
    :param linger: seconds to wait for more when something came
    """

    is_ready = True

    def __init__(  # noqa: PLR0913 (a keyword for each thing a test turns)
        self,
        url,
        name,
        group,
        *,
        consumer=None,
        claim_after=60,
        max_deliveries=5,
        linger=0.1,
    ):
        self.name, self.group = name, group
        self.consumer = consumer or consumer_name()
        self._client = connect(url)
        self._claim_after, self._linger = claim_after, linger
        self._max_deliveries = max_deliveries
        self._saved = lambda: None
        self._is_fresh = self._has_pending = True
        self._place = self._run = self._told = None
        self._last = b"0-0"
        self._claim_cursor, self._claim_at = b"0-0", 0.0
        # Entry → how often it had been handed out before: those that the caller has,
        # and those of this read, which an error may still take back.
        self._in_flight, self._taken_now = {}, {}
        self._done, self._lost = [], []
        self._alone = False

    def open(self, saved):
        """Join the group; make stream and group where there are none."""
        self._saved = saved
        self._is_fresh = True
        with self._explained():
            check_version(self._client.info("server")["redis_version"])

    def read(self, count, seconds):
        """Return pending entries of ours, then of consumers that are gone, then new."""
        with self._explained():
            self._taken_now = {}
            self._flush()
            if self._is_fresh:
                self._begin()
            if self._alone:
                return self._batch([])
            self._claim(count)
            entries = self._pending(count) if self._has_pending else []
            if not entries:
                entries = self._new(count, seconds)
            return self._batch(entries)

    def ack(self, batch):
        """Take the batch's entries off the pending ones."""
        self._done += [entry.id for entry in batch.entries]
        with self._explained():
            self._flush()

    def release(self, batch):
        """Leave the batch pending, as if it had never been handed out."""
        before = {}
        for entry in batch.entries:
            count = self._in_flight.pop(entry.id, 0)
            before.setdefault(count, []).append(entry.id)
        self._alone, self._has_pending = False, True
        with self._explained():
            for count, ids in before.items():
                self._client.xclaim(
                    self.name,
                    self.group,
                    self.consumer,
                    0,
                    ids,
                    idle=_RELEASED,
                    retrycount=count,
                    justid=True,
                )

    def behind(self):
        """Return how many entries the group has yet to get."""
        with self._explained():
            groups = {g["name"]: g for g in self._client.xinfo_groups(self.name)}
        group = groups.get(self.group.encode())
        return group and group["lag"]

    def close(self):
        """Leave the group, unless entries of ours are pending."""
        try:
            with self._explained():
                self._flush()
                self._depart()
        finally:
            self._client.close()

    # ------------------------------------------------------------ beginning

    def _explained(self):
        return _Explained(self)

    def _begin(self):
        """Find or make the group; compare what it says with what was loaded."""
        saved = (self._saved() or {}).get("redis") or {}
        run = self._client.info("server")["run_id"]
        is_new = self._create()
        [place] = [
            group["last-delivered-id"]
            for group in self._client.xinfo_groups(self.name)
            if group["name"] == self.group.encode()
        ]
        before = self._place or saved.get("entry")
        self._lost += _lost_before(
            place.decode(), before, run, saved.get("run"), is_new
        )
        self._place, self._run = place.decode(), run
        self._is_fresh, self._has_pending = False, True
        self._claim_cursor, self._claim_at = b"0-0", 0.0

    def _create(self):
        """Return whether the group had to be made."""
        from redis.exceptions import ResponseError  # noqa: PLC0415

        try:
            self._client.xgroup_create(
                self.name, self.group, id="0", mkstream=True, entries_read=0
            )
            return True
        except ResponseError as e:
            if "BUSYGROUP" not in str(e):
                raise
            return False

    def _depart(self):
        self._client.eval(
            _script("depart.lua"),
            1,
            self.name,
            self.group,
            _IDLE_SECONDS * 1000,
            self.consumer,
        )

    # ------------------------------------------------------------ pending entries

    def _claim(self, count):
        """Take over, from time to time, what silent consumers hold."""
        if time.monotonic() < self._claim_at:
            return
        cursor, claimed, deleted = self._client.eval(
            "return redis.call('XAUTOCLAIM', KEYS[1], unpack(ARGV))",
            1,
            self.name,
            self.group,
            self.consumer,
            int(self._claim_after * 1000),
            self._claim_cursor,
            "COUNT",
            count,
            "JUSTID",
        )
        self._claim_cursor = cursor
        self._has_pending = self._has_pending or bool(claimed)
        if deleted:
            self._lost.append(_removed_while_pending(len(deleted)))
        if cursor == b"0-0":
            self._claim_at = time.monotonic() + min(_CLAIM_EVERY, self._claim_after)

    def _pending(self, count):
        """Return entries of ours that were handed out before and are nowhere."""
        waiting = [
            entry
            for entry in self._client.xpending_range(
                self.name,
                self.group,
                "-",
                "+",
                count + len(self._in_flight),
                consumername=self.consumer,
            )
            if entry["message_id"].decode() not in self._in_flight
        ]
        if not waiting:
            self._has_pending = False
            return []
        chosen, fault = self._chosen(waiting[:count])
        return self._taken(chosen, fault)

    def _chosen(self, waiting):
        """Return those to hand out together, and their fault."""
        hopeless, fresh = [], []
        for entry in waiting:
            if entry["times_delivered"] >= self._max_deliveries:
                hopeless.append(entry)
            elif entry["times_delivered"] < _SUSPECT:
                fresh.append(entry)
        if hopeless:
            return hopeless, (
                f"was handed out {self._max_deliveries} times without success: "
                "each time the consumer ended before it was loaded"
            )
        return fresh or waiting[:1], ""

    def _taken(self, chosen, fault):
        times = {e["message_id"].decode(): e["times_delivered"] for e in chosen}
        claimed = self._client.xclaim(
            self.name, self.group, self.consumer, 0, list(times)
        )
        found = {entry_id.decode(): pairs for entry_id, pairs in claimed}
        missing = times.keys() - found.keys()
        gone = [i for i in missing if not self._client.xrange(self.name, i, i)]
        if gone:
            self._lost.append(_removed_while_pending(len(gone)))
        self._taken_now = {entry_id: times[entry_id] for entry_id in found}
        return [
            _entry(entry_id, pairs.get(FIELD), fault)
            for entry_id, pairs in found.items()
        ]

    # ------------------------------------------------------------ new entries

    def _new(self, count, seconds):
        """Return new entries; wait for the first, and a little for more."""
        entries = self._delivered(count)
        if not entries and seconds:
            self._client.xread(
                {self.name: self._last}, count=1, block=max(1, int(seconds * 1000))
            )
            entries = self._delivered(count)
        if 0 < len(entries) < count and self._linger:
            time.sleep(min(self._linger, seconds))
            entries += self._delivered(count - len(entries))
        return entries

    def _delivered(self, count):
        reply = self._client.eval(
            _script("deliver.lua"), 1, self.name, self.group, self.consumer, count
        )
        if not reply:
            # Stream or group was removed just now.
            self._begin()
            return []
        trimmed, deleted, place, self._last, rows = reply
        if trimmed or (deleted and deleted != self._told):
            self._lost.append(_removed_before(trimmed, deleted, place))
            self._told = deleted
        entries = [_entry(i.decode(), _field(fields)) for i, fields in rows]
        self._taken_now.update((entry.id, 0) for entry in entries)
        if entries:
            self._place = entries[-1].id
        return entries

    def _batch(self, entries):
        """Hand out what was read, now that nothing can take it back."""
        self._in_flight.update(self._taken_now)
        self._alone = self._alone or any(
            _SUSPECT <= times < self._max_deliveries
            for times in self._taken_now.values()
        )
        lost, self._lost = tuple(self._lost), []
        position = {"redis": {"entry": self._place, "run": self._run}}
        return Batch(tuple(entries), position, lost)

    def _flush(self):
        """Acknowledge what is loaded, also what could not be told before."""
        if self._done:
            self._client.xack(self.name, self.group, *self._done)
            for entry_id in self._done:
                self._in_flight.pop(entry_id, None)
            self._done, self._alone = [], False


class _Explained:
    """Errors as ours; after one, the stream is looked at anew."""

    def __init__(self, stream):
        self._stream = stream
        self._inner = explained(stream.name)

    def __enter__(self):
        self._inner.__enter__()

    def __exit__(self, kind, error, traceback):
        if error is not None:
            self._stream._is_fresh = True
        return self._inner.__exit__(kind, error, traceback)


def _entry(entry_id, payload, fault=""):
    if payload is None:
        payload, fault = b"", fault or f"has no field '{FIELD.decode()}'"
    return Entry(entry_id, payload, int(entry_id.partition("-")[0]) / 1000, fault)


def _field(fields):
    """Return the event's field of a flat list, or None."""
    if fields[0] == FIELD:
        return fields[1]
    return dict(zip(fields[::2], fields[1::2], strict=True)).get(FIELD)


def _order(entry_id):
    return tuple(map(int, entry_id.split("-")))


def _lost_before(place, before, run, run_before, is_new):
    """Return what may be missing since the group was last read."""
    if before and is_new:
        reason = (
            f"The stream or its group was gone, though it had been read up to {before}; "
            "what was not read before is lost."
        )
    elif before and _order(place) < _order(before):
        reason = (
            f"The group stands at {place}, though it had been read up to {before}: Redis "
            "was restored to an older state, or the group was set back."
        )
    elif run_before and run != run_before:
        reason = (
            "Redis was started again, or another server took over: what it had not "
            "saved is lost."
        )
    else:
        return []
    return [Lost(reason)]


def _removed_while_pending(count):
    return Lost(
        f"{count} entries were removed from the stream after they were handed out and "
        "before they were loaded.",
        count,
    )


def _removed_before(trimmed, deleted, place):
    """Say what was removed before the group got it."""
    count = trimmed if trimmed > 0 else None
    how_many = f"{count} entries" if count else "Entries"
    up_to = f", up to {deleted.decode()}" if deleted else ""
    return Lost(
        f"{how_many} behind {place.decode()} were removed from the stream before they "
        f"were read{up_to}. Trim it less, or read it sooner.",
        count,
    )
