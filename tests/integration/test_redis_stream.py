"""The Redis Stream, with a real Redis: groups, takeovers, poison, and losses."""

import os
import time
import uuid
from functools import partial

import pytest
import redis
from contract_stream import Reader, StreamContract, numbered, payloads

from core.errors import ConfigurationError, SourceError
from core.streams.redis_stream import RedisStream

GROUP = "reports"


class RedisWorld:
    """A stream of a test's own, and its readers."""

    def __init__(self, url):
        self.url = url
        self.name = f"test.{uuid.uuid4().hex}"
        self.client = redis.Redis.from_url(url, decode_responses=True)
        self.position = None
        self._streams = []

    def add(self, events, **options):
        """Add entries. Returns their ids."""
        return [self.client.xadd(self.name, {"event": e}, **options) for e in events]

    add_anywhere = add

    def trim(self, keep):
        """Remove all but the newest entries. Returns how many there were."""
        return self.client.xtrim(self.name, maxlen=keep, approximate=False)

    def save(self, position):
        """Keep a position as the reporting database would."""
        self.position = position or self.position

    def stream(self, consumer=None, **options):
        """A stream; `consumer`: another one whose name it takes."""
        name = consumer.consumer if consumer else None
        stream = RedisStream(
            self.url, self.name, GROUP, consumer=name, linger=0.02, **options
        )
        self._streams.append(stream)
        return stream

    def groups(self):
        return self.client.xinfo_groups(self.name)

    def consumers(self):
        return {c["name"] for c in self.client.xinfo_consumers(self.name, GROUP)}

    def pending(self):
        """{entry id: times it was handed out}."""
        found = self.client.xpending_range(self.name, GROUP, "-", "+", 1000)
        return {e["message_id"]: e["times_delivered"] for e in found}

    def close(self):
        for stream in self._streams:
            stream._group.client.close()
        self.client.delete(self.name)


@pytest.fixture
def world():
    url = os.environ.get("LR_REDIS_URL")
    if not url:
        pytest.skip("LR_REDIS_URL: no URL of a Redis server")
    world = RedisWorld(url)
    yield world
    world.close()


class TestContract(StreamContract):
    """Redis keeps the contract of all streams."""


class Killed(Reader):
    """A reader whose process is gone: its stream is never told."""

    @classmethod
    def after_reading(cls, world, count):
        reader = cls(world)
        assert len(reader.batch(count=count).entries) == count
        reader.stream._group.client.close()
        return reader


class TestGroup:
    def test_stream_and_group_are_made_where_there_are_none(self, world):
        assert Reader(world).rest(0.1) == []
        [group] = world.groups()
        assert (group["name"], group["entries-read"]) == (GROUP, 0)

    def test_another_group_of_the_same_stream_is_left_alone(self, world):
        world.add(numbered(3))
        world.client.xgroup_create(world.name, "others", id="0")
        Reader(world).all(3)
        others = {g["name"]: g for g in world.groups()}["others"]
        assert (others["last-delivered-id"], others["pending"]) == ("0-0", 0)

    def test_nothing_is_pending_after_it_was_acknowledged(self, world):
        world.add(numbered(5))
        reader = Reader(world)
        batch = reader.batch()
        assert len(world.pending()) == 5
        reader.load(batch)
        assert world.pending() == {}

    def test_consumers_have_names_of_their_own(self, world):
        names = {world.stream().consumer for _ in range(5)}
        assert len(names) == 5
        assert all(str(os.getpid()) in name for name in names)

    def test_a_consumer_that_leaves_is_removed(self, world):
        reader = Reader(world)
        reader.rest(0.1)
        world.add(numbered(1))
        reader.all(1)
        assert world.consumers() == {reader.stream.consumer}
        reader.stream.close()
        assert world.consumers() == set()

    def test_a_consumer_that_leaves_something_pending_stays(self, world):
        world.add(numbered(1))
        reader = Reader(world)
        reader.batch()
        reader.stream.close()
        assert world.consumers() == {reader.stream.consumer}

    def test_consumers_that_were_idle_for_long_and_hold_nothing_are_removed(
        self, world, monkeypatch
    ):
        world.add(numbered(3))
        idle, holding = Reader(world), Reader(world)
        idle.load(idle.batch(count=1))
        holding.batch(count=1)
        time.sleep(0.05)
        monkeypatch.setattr("core.streams.redis_stream._IDLE_SECONDS", 0.04)
        last = Reader(world)
        last.load(last.batch(count=1))
        last.stream.close()
        assert world.consumers() == {holding.stream.consumer}


class TestTakeover:
    def test_entries_of_a_killed_consumer_are_taken_over(self, world):
        world.add(numbered(10))
        Killed.after_reading(world, 4)
        second = Reader(world, claim_after=0.2)
        assert second.all(6) == numbered(6, start=4)
        time.sleep(0.25)
        assert sorted(second.all(4)) == numbered(4)
        assert world.pending() == {}
        assert second.lost == []

    def test_a_living_consumer_keeps_its_entries(self, world):
        world.add(numbered(4))
        first = Reader(world)
        batch = first.batch()
        second = Reader(world, claim_after=60)
        assert second.rest(0.5) == []
        assert first.load(batch) == numbered(4)

    def test_own_pending_entries_are_read_at_the_start(self, world):
        world.add(numbered(4))
        killed = Killed.after_reading(world, 3)
        again = Reader(world, consumer=killed.stream, claim_after=60)
        assert payloads(again.batch()) == numbered(3)
        assert payloads(again.batch()) == numbered(1, start=3)

    def test_entries_handed_out_with_a_reply_that_was_lost_are_found(self, world):
        world.add(numbered(4))
        reader = Reader(world)
        reader.rest(0)
        world.add(numbered(3, start=4))
        # As the server saw it: a reply that never arrived.
        world.client.xreadgroup(GROUP, reader.stream.consumer, {world.name: ">"})
        reader.stream._group.client.connection_pool.disconnect()
        with pytest.raises(SourceError):
            _broken(reader.stream)
        assert payloads(reader.batch()) == numbered(3, start=4)

    def test_released_entries_do_not_count_as_tried(self, world):
        world.add(numbered(3))
        for _ in range(20):
            reader = Reader(world)
            reader.stream.release(reader.batch())
            reader.stream.close()
        assert set(world.pending().values()) == {0}
        assert sorted(Reader(world).all(3)) == numbered(3)


def _broken(stream):
    """Have the next command fail as with a broken connection."""
    with stream._explained():
        raise redis.ConnectionError("broken")


def _until_poison(reader, poison, good, refused):
    """Load until a batch holds the poison. Returns the size of that batch, or 0."""
    while (batch := reader.batch(seconds=0.2)).entries:
        refused += [entry for entry in batch.entries if entry.fault]
        tried = [e.payload.decode() for e in batch.entries if not e.fault]
        if poison in tried:
            if len(tried) == 1:
                # Reading ahead must not hand out a second suspect.
                assert reader.stream.read(10, 0).entries == ()
            return len(tried)
        reader.load(batch)
        good += tried
    return 0


class TestPoison:
    def test_an_entry_that_ends_the_process_is_handed_out_alone_then_refused(
        self, world
    ):
        ids = world.add(numbered(6))
        good, alone, refused = [], [], []
        for _process in range(5):
            reader = Reader(world, claim_after=0)
            alone.append(_until_poison(reader, "event 2", good, refused))
            reader.stream._group.client.close()
        # Twice all of them, since anything may have ended the process.
        assert alone == [6, 6, 1, 1, 1]
        assert refused == []
        last = Reader(world, claim_after=0)
        assert _until_poison(last, "event 2", good, refused) == 0
        [entry] = refused
        assert (entry.id, entry.payload) == (ids[2], b"event 2")
        assert "was handed out 5 times without success" in entry.fault
        assert sorted(good) == [e for e in numbered(6) if e != "event 2"]
        assert world.pending() == {}

    def test_an_entry_without_an_event_has_a_fault(self, world):
        world.client.xadd(world.name, {"other": "x", "more": "y"})
        world.client.xadd(world.name, {"other": "x", "event": "good"})
        bad, good = Reader(world).batch().entries
        assert bad.fault == "has no field 'event'"
        assert (good.payload, good.fault) == (b"good", "")


class TestLosses:
    def test_trimming_while_reading_is_noticed_once_with_its_number(self, world):
        reader, other = Reader(world), Reader(world)
        world.add(numbered(10))
        reader.load(reader.batch(count=2))
        world.trim(keep=5)
        assert payloads(other.batch(count=3)) == numbered(3, start=5)
        assert reader.all(2) == numbered(2, start=8)
        assert [lost.count for lost in other.lost] == [3]
        assert reader.lost == []
        world.add(numbered(5, start=10))
        world.trim(keep=1)
        assert reader.all(1) == ["event 14"]
        assert [lost.count for lost in reader.lost] == [4]
        assert reader.stream.behind() == 0

    def test_trimming_before_the_first_reader_came_is_noticed(self, world):
        world.add(numbered(10))
        world.trim(keep=4)
        reader = Reader(world)
        assert reader.all(4) == numbered(4, start=6)
        assert [lost.count for lost in reader.lost] == [6]

    def test_a_stream_that_was_emptied_is_noticed(self, world):
        reader = Reader(world)
        world.add(numbered(5))
        reader.load(reader.batch(count=2))
        world.trim(keep=0)
        assert reader.rest(0.2) == []
        assert [lost.count for lost in reader.lost] == [3]
        world.add(numbered(1, start=5))
        assert reader.all(1) == ["event 5"]
        assert len(reader.lost) == 1

    def test_a_single_entry_that_was_deleted_unread_is_noticed_once(self, world):
        reader = Reader(world)
        ids = world.add(numbered(9))
        reader.load(reader.batch(count=2))
        world.client.xdel(world.name, ids[5])
        assert len(reader.all(6, count=1)) == 6
        [lost] = reader.lost
        assert (lost.count, ids[5] in lost.reason) == (None, True)
        world.add(numbered(2))
        reader.all(2)
        assert len(reader.lost) == 1

    def test_the_count_is_right_again_after_single_entries_were_deleted(self, world):
        reader = Reader(world)
        ids = world.add(numbered(9))
        world.client.xdel(world.name, ids[5])
        reader.all(8)
        world.add(numbered(6))
        world.trim(keep=2)
        reader.all(2)
        assert [lost.count for lost in reader.lost] == [1, 4]

    def test_entries_trimmed_while_pending_are_noticed(self, world):
        world.add(numbered(5))
        Killed.after_reading(world, 4)
        world.trim(keep=2)
        second = Reader(world, claim_after=0)
        assert sorted(second.all(2)) == numbered(2, start=3)
        [lost] = second.lost
        assert lost.count == 3
        assert "before they were loaded" in lost.reason

    def test_entries_trimmed_while_we_hold_them_are_no_loss(self, world):
        world.add(numbered(5))
        reader = Reader(world, claim_after=0)
        batch = reader.batch()
        world.trim(keep=0)
        reader.rest(0.1)
        assert reader.load(batch) == numbered(5)

    @pytest.mark.parametrize("when", ["reading", "away"])
    def test_a_stream_that_was_removed_is_made_again_and_reported(self, world, when):
        reader = Reader(world)
        world.add(numbered(3))
        reader.all(3)
        if when == "away":
            reader.stream.close()
        world.client.delete(world.name)
        world.add(numbered(2, start=3))
        if when == "away":
            reader = Reader(world)
        assert reader.all(2) == numbered(2, start=3)
        [lost] = reader.lost
        assert "was gone" in lost.reason

    def test_a_stream_that_was_removed_and_did_not_come_back_is_reported(self, world):
        reader = Reader(world)
        world.add(numbered(3))
        reader.all(3)
        world.client.delete(world.name)
        assert reader.rest(0.3) == []
        assert ["was gone" in lost.reason for lost in reader.lost] == [True]

    def test_a_group_that_was_destroyed_is_made_again_and_all_is_read_again(
        self, world
    ):
        reader = Reader(world)
        world.add(numbered(3))
        reader.all(3)
        world.client.xgroup_destroy(world.name, GROUP)
        assert reader.all(3) == numbered(3)
        assert len(reader.lost) == 1

    def test_an_older_state_of_redis_is_noticed(self, world):
        reader = Reader(world)
        world.add(numbered(3))
        reader.all(3)
        saved = _dump(world)
        world.add(numbered(3, start=3))
        reader.all(3)
        reader.stream.close()
        world.client.delete(world.name)
        _restore(world, saved)
        again = Reader(world)
        world.add(numbered(1, start=9))
        assert again.all(1) == ["event 9"]
        [lost] = again.lost
        assert "restored to an older state" in lost.reason
        assert Reader(world).rest(0.2) == []

    def test_a_restart_of_redis_is_reported(self, world):
        reader = Reader(world)
        world.add(numbered(1))
        reader.all(1)
        world.position = {"redis": {**world.position["redis"], "run": "another"}}
        again = Reader(world)
        again.rest(0.1)
        [lost] = again.lost
        assert "started again" in lost.reason

    def test_a_first_start_on_a_new_stream_loses_nothing(self, world):
        reader = Reader(world)
        reader.rest(0.1)
        assert reader.lost == []


def _dump(world):
    return redis.Redis.from_url(world.url).dump(world.name)


def _restore(world, saved):
    redis.Redis.from_url(world.url).restore(world.name, 0, saved)


class TestTrouble:
    def test_a_server_that_is_away_is_a_passing_error_without_the_password(self, world):
        stream = RedisStream("redis://:secret@127.0.0.1:1/0", "s", GROUP)
        with pytest.raises(SourceError) as caught:
            stream.open(lambda: None)
        assert "cannot be reached" in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_a_wrong_password_is_a_matter_of_configuration(self, world):
        host = world.url.rpartition("@")[2]
        stream = RedisStream(f"redis://:wrong@{host}", "s", GROUP)
        with pytest.raises(ConfigurationError) as caught:
            stream.open(lambda: None)
        assert "refuses us" in str(caught.value)
        assert "wrong" not in str(caught.value).replace("WRONGPASS", "")

    @pytest.mark.parametrize("url", ["redis://:se/cret@h:x/0", "redis://:secret@h:x/0"])
    def test_an_address_that_is_none_is_explained_without_the_password(self, url):
        with pytest.raises(ConfigurationError) as caught:
            RedisStream(url, "s", GROUP)
        assert "redis://user:password@host:6379/0" in str(caught.value)
        assert "cret" not in str(caught.value)

    def test_a_key_that_is_no_stream_is_explained(self, world):
        world.client.set(world.name, "text")
        reader = Reader(world)
        with pytest.raises(ConfigurationError) as caught:
            reader.batch(seconds=0)
        assert f"The key {world.name} in Redis is no stream" in str(caught.value)

    def test_an_acknowledgement_that_failed_is_made_up_for(self, world, monkeypatch):
        world.add(numbered(3))
        reader = Reader(world)
        batch = reader.batch()
        failing = partial(_fail, redis.ConnectionError("away"))
        with monkeypatch.context() as patch:
            patch.setattr(reader.stream._group.client, "xack", failing)
            with pytest.raises(SourceError):
                reader.load(batch)
        assert len(world.pending()) == 3
        assert reader.rest(0.2) == []
        assert world.pending() == {}

    def test_an_old_server_is_refused(self, world, monkeypatch):
        reader = world.stream()
        monkeypatch.setattr(
            reader._group.client, "info", lambda part: {"redis_version": "6.2.14"}
        )
        with pytest.raises(ConfigurationError, match="this is 6.2.14"):
            reader.open(lambda: None)


def _fail(error, *_args, **_options):
    raise error
