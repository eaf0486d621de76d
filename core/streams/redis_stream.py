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
from contextlib import contextmanager

from . import redis_losses
from .base import Batch, Entry
from .redis_client import explained
from .redis_group import RedisGroup

FIELD = b"event"
# How often an entry was handed out before it is suspected.
_SUSPECT = 2
_CLAIM_EVERY = 10
_IDLE_SECONDS = 3600
_numbers = itertools.count()


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
        self.name = name
        self.consumer = consumer or consumer_name()
        self._group = RedisGroup(url, name, group, self.consumer)
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
            self._group.run()

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
            times = self._in_flight.pop(entry.id, 0)
            before.setdefault(times, []).append(entry.id)
        self._alone, self._has_pending = False, True
        with self._explained():
            for times, ids in before.items():
                self._group.give_back(ids, times)

    def behind(self):
        """Return how many entries the group has yet to get."""
        with self._explained():
            state = self._group.state()
        return state and state["lag"]

    def close(self):
        """Leave the group, unless entries of ours are pending."""
        try:
            with self._explained():
                self._flush()
                self._group.depart(_IDLE_SECONDS)
        finally:
            self._group.close()

    @contextmanager
    def _explained(self):
        """Errors as ours; after one, the group is looked at anew."""
        try:
            with explained(self.name):
                yield
        except BaseException:
            self._is_fresh = True
            raise

    def _begin(self):
        """Find or make the group; compare what it says with what was loaded."""
        saved = (self._saved() or {}).get("redis") or {}
        run, is_new = self._group.run(), self._group.create()
        place = self._group.state()["last-delivered-id"].decode()
        before = self._place or saved.get("entry")
        self._lost += redis_losses.since(place, before, run, saved.get("run"), is_new)
        self._place, self._run = place, run
        self._is_fresh, self._has_pending = False, True
        self._claim_cursor, self._claim_at = b"0-0", 0.0

    # ------------------------------------------------------------ pending entries

    def _claim(self, count):
        """Take over, from time to time, what silent consumers hold."""
        if time.monotonic() < self._claim_at:
            return
        cursor, claimed, deleted = self._group.claim(
            self._claim_cursor, count, self._claim_after
        )
        self._claim_cursor = cursor
        self._has_pending = self._has_pending or bool(claimed)
        if deleted:
            self._lost.append(redis_losses.while_pending(len(deleted)))
        if cursor == b"0-0":
            self._claim_at = time.monotonic() + min(_CLAIM_EVERY, self._claim_after)

    def _pending(self, count):
        """Return entries of ours that were handed out before and are nowhere."""
        found = self._group.pending(count + len(self._in_flight))
        waiting = {i: times for i, times in found.items() if i not in self._in_flight}
        if not waiting:
            self._has_pending = False
            return []
        return self._taken(*self._chosen(dict(list(waiting.items())[:count])))

    def _chosen(self, waiting):
        """Return those to hand out together, and their fault."""
        most = self._max_deliveries
        hopeless = {i: times for i, times in waiting.items() if times >= most}
        if hopeless:
            return hopeless, (
                f"was handed out {most} times without success: each time the consumer "
                "ended before it was loaded"
            )
        fresh = {i: times for i, times in waiting.items() if times < _SUSPECT}
        return fresh or dict(list(waiting.items())[:1]), ""

    def _taken(self, chosen, fault):
        found = self._group.take(list(chosen))
        missing = [i for i in chosen if i not in found and self._group.is_removed(i)]
        if missing:
            self._lost.append(redis_losses.while_pending(len(missing)))
        self._taken_now = {entry_id: chosen[entry_id] for entry_id in found}
        return [_entry(i, fields.get(FIELD), fault) for i, fields in found.items()]

    # ------------------------------------------------------------ new entries

    def _new(self, count, seconds):
        """Return new entries; wait for the first, and a little for more."""
        entries = self._delivered(count)
        if not entries and seconds:
            self._group.wait(self._last, seconds)
            entries = self._delivered(count)
        if 0 < len(entries) < count and self._linger:
            time.sleep(min(self._linger, seconds))
            entries += self._delivered(count - len(entries))
        return entries

    def _delivered(self, count):
        reply = self._group.deliver(count)
        if not reply:
            # Stream or group was removed just now.
            self._begin()
            return []
        trimmed, deleted, place, self._last, rows = reply
        if trimmed or (deleted and deleted != self._told):
            self._lost.append(redis_losses.before_read(trimmed, deleted, place))
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
            self._group.ack(self._done)
            for entry_id in self._done:
                self._in_flight.pop(entry_id, None)
            self._done, self._alone = [], False


def _entry(entry_id, payload, fault=""):
    if payload is None:
        payload, fault = b"", fault or f"has no field '{FIELD.decode()}'"
    return Entry(entry_id, payload, int(entry_id.partition("-")[0]) / 1000, fault)


def _field(fields):
    """Return the event's field of a flat list, or None."""
    if fields[0] == FIELD:
        return fields[1]
    return dict(zip(fields[::2], fields[1::2], strict=True)).get(FIELD)
