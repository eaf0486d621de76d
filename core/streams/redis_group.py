"""A consumer group of a Redis Stream: the commands, and nothing about their order."""

from functools import cache
from pathlib import Path

from .redis_client import check_version, connect

HERE = Path(__file__).parent
_RELEASED = 10**9


@cache
def _script(name):
    return (HERE / name).read_text(encoding="utf-8")


class RedisGroup:
    """The group, as one of its consumers uses it. Ids are text.

    Its errors are the driver's; see :func:`~core.streams.redis_client.explained`.
    """

    def __init__(self, url, name, group, consumer):
        self.client = connect(url)
        self._name, self._group, self._consumer = name, group, consumer

    def run(self):
        """Return what tells this run of the server from others.

        :raise ConfigurationError: the server is too old
        """
        server = self.client.info("server")
        check_version(server["redis_version"])
        return server["run_id"]

    def create(self):
        """Make stream and group where there are none; return whether it did."""
        from redis.exceptions import ResponseError  # noqa: PLC0415

        try:
            self.client.xgroup_create(
                self._name, self._group, id="0", mkstream=True, entries_read=0
            )
            return True
        except ResponseError as e:
            if "BUSYGROUP" not in str(e):
                raise
            return False

    def state(self):
        """Return what the server tells of the group, or None if it is gone."""
        groups = self.client.xinfo_groups(self._name)
        return next((g for g in groups if g["name"] == self._group.encode()), None)

    def deliver(self, count):
        """Return what ``deliver.lua`` does."""
        return self._eval(_script("deliver.lua"), self._consumer, count)

    def wait(self, last, seconds):
        """Wait until there is an entry behind ``last``, but not for long."""
        milliseconds = max(1, int(seconds * 1000))
        self.client.xread({self._name: last}, count=1, block=milliseconds)

    def claim(self, cursor, count, idle):
        """Take over entries that nobody touched for ``idle`` seconds.

        It does not count as handing them out.

        :return: (cursor to go on with, ids, ids that are no more in the stream)
        """
        return self._eval(
            "return redis.call('XAUTOCLAIM', KEYS[1], unpack(ARGV))",
            *(self._consumer, int(idle * 1000), cursor, "COUNT", count, "JUSTID"),
        )

    def pending(self, count):
        """Return {id: how often it was handed out} of the oldest we did not ack."""
        found = self.client.xpending_range(
            self._name, self._group, "-", "+", count, consumername=self._consumer
        )
        return {e["message_id"].decode(): e["times_delivered"] for e in found}

    def take(self, ids):
        """Have pending entries handed out again; {id: fields} of those that are there."""
        found = self.client.xclaim(self._name, self._group, self._consumer, 0, ids)
        return {entry_id.decode(): fields for entry_id, fields in found}

    def is_removed(self, entry_id):
        """Return whether the stream has no such entry any more."""
        return not self.client.xrange(self._name, entry_id, entry_id)

    def give_back(self, ids, times):
        """Leave pending entries to anybody, as if handed out only so many times."""
        self.client.xclaim(
            *(self._name, self._group, self._consumer, 0, ids),
            idle=_RELEASED,
            retrycount=times,
            justid=True,
        )

    def ack(self, ids):
        """Take entries off the pending ones."""
        self.client.xack(self._name, self._group, *ids)

    def depart(self, idle):
        """Remove us, and consumers idle for so many seconds, unless they hold something."""
        self._eval(_script("depart.lua"), idle * 1000, self._consumer)

    def close(self):
        """Close the connection."""
        self.client.close()

    def _eval(self, script, *arguments):
        return self.client.eval(script, 1, self._name, self._group, *arguments)
