"""What every stream must do. A module that tests one derives ``StreamContract``.

It gives the fixture ``world``: ``add(payloads)`` in order, ``add_anywhere(payloads)``,
``save(position)``, ``stream(**options)`` (closed at the end), and ``trim(keep)``, which
removes the oldest entries.
"""

import time

import pytest


class Reader:
    """A consumer that loads by writing down, in a transaction with the position."""

    def __init__(self, world, **options):
        self.world = world
        self.stream = world.stream(**options)
        self.stream.open(lambda: world.position)
        self.lost = []

    def batch(self, count=100, seconds=20.0):
        """The first batch with entries, or what there is when the time is over."""
        until = time.monotonic() + seconds
        while True:
            batch = self.stream.read(count, 0.05)
            self.lost += batch.lost
            if batch.entries or time.monotonic() > until:
                return batch

    def load(self, batch):
        """Load a batch: position first, as its commit does, then the acknowledgement."""
        self.world.save(batch.position)
        self.stream.ack(batch)
        return payloads(batch)

    def all(self, number, count=100):
        """Load until so many entries came; returns their payloads."""
        found = []
        while len(found) < number:
            loaded = self.load(self.batch(count))
            assert loaded, f"{len(found)} of {number} entries came"
            found += loaded
        return found

    def rest(self, seconds=1.0):
        """What still comes within some time, not loaded."""
        return payloads(self.batch(seconds=seconds))


def payloads(batch):
    """Payloads of a batch's entries, as text."""
    return [entry.payload.decode() for entry in batch.entries]


def numbered(count, start=0):
    """Payloads to tell apart."""
    return [f"event {n}" for n in range(start, start + count)]


class StreamContract:
    """The suite."""

    @pytest.fixture
    def reader(self, world):
        return Reader(world)

    def test_entries_come_whole_and_once(self, world, reader):
        world.add(numbered(30))
        assert sorted(reader.all(30)) == sorted(numbered(30))
        assert reader.rest() == []
        assert reader.lost == []

    def test_entries_keep_their_order(self, world, reader):
        world.add(numbered(30))
        assert reader.all(30, count=7) == numbered(30)

    def test_a_batch_has_at_most_so_many_entries(self, world, reader):
        world.add(numbered(30))
        sizes = []
        while sum(sizes) < 30:
            batch = reader.batch(count=7)
            sizes.append(len(batch.entries))
            reader.load(batch)
        assert max(sizes) == 7

    def test_an_entry_tells_when_it_was_added(self, world, reader):
        world.add(numbered(1))
        [entry] = reader.batch().entries
        assert abs(time.time() - entry.at) < 30
        assert entry.fault == ""

    def test_reading_nothing_takes_the_time_given_and_no_more(self, world, reader):
        world.add(numbered(1))
        reader.all(1)
        began = time.monotonic()
        assert reader.stream.read(100, 0.5).entries == ()
        assert 0.3 < time.monotonic() - began < 1.5

    def test_what_comes_is_handed_out_soon(self, world, reader):
        world.add(numbered(1))
        reader.all(1)
        world.add(numbered(1, start=1))
        began = time.monotonic()
        assert payloads(reader.stream.read(100, 5)) == ["event 1"]
        assert time.monotonic() - began < 1

    def test_entries_that_were_added_before_the_first_reader_are_read(self, world):
        world.add(numbered(5))
        assert Reader(world).all(5) == numbered(5)

    def test_what_was_not_loaded_is_read_again(self, world, reader):
        world.add(numbered(10))
        assert reader.load(reader.batch(count=4)) == numbered(4)
        assert payloads(reader.batch(count=3)) == numbered(3, start=4)
        reader.stream.close()
        second = Reader(world, consumer=reader.stream)
        assert sorted(second.all(6)) == sorted(numbered(6, start=4))
        assert second.rest() == []

    def test_what_was_loaded_is_not_read_again(self, world, reader):
        world.add(numbered(10))
        reader.all(10)
        reader.stream.close()
        assert Reader(world).rest() == []

    def test_a_batch_can_be_given_back(self, world, reader):
        world.add(numbered(10))
        batch = reader.batch(count=4)
        reader.stream.release(batch)
        assert sorted(reader.all(10)) == sorted(numbered(10))

    def test_later_batches_can_be_given_back_while_the_first_is_loaded(
        self, world, reader
    ):
        world.add(numbered(10))
        first, second = reader.batch(count=4), reader.batch(count=4)
        reader.stream.release(second)
        assert reader.load(first) == numbered(4)
        assert sorted(reader.all(6)) == sorted(numbered(6, start=4))
        assert reader.rest() == []

    def test_it_tells_how_much_waits(self, world, reader):
        world.add(numbered(10))
        # A batch may be smaller than was asked for.
        waiting = 10 - len(reader.load(reader.batch(count=4)))
        assert 6 <= waiting < 10
        assert reader.stream.behind() == waiting
        reader.all(waiting)
        assert reader.stream.behind() == 0

    def test_two_readers_share_the_entries(self, world):
        readers = [Reader(world), Reader(world)]
        found = []
        until = time.monotonic() + 30
        world.add_anywhere(numbered(20))
        while len(set(found)) < 20 and time.monotonic() < until:
            for reader in readers:
                found += reader.load(reader.batch(count=5, seconds=0.1))
        assert set(found) == set(numbered(20))
        assert not any(reader.lost for reader in readers)

    def test_entries_removed_before_they_were_read_are_reported(self, world, reader):
        world.add(numbered(10))
        reader.load(reader.batch(count=4))
        reader.stream.close()
        removed = world.trim(keep=3)
        second = Reader(world)
        assert second.all(3) == numbered(3, start=7)
        [lost] = second.lost
        assert lost.count == removed - 4 == 3
        assert "removed" in lost.reason
        world.add(numbered(1, start=10))
        assert second.all(1) == ["event 10"]
        assert len(second.lost) == 1

    def test_entries_removed_after_they_were_loaded_are_no_loss(self, world, reader):
        world.add(numbered(10))
        reader.all(10)
        reader.stream.close()
        world.trim(keep=3)
        second = Reader(world)
        world.add(numbered(1, start=10))
        assert second.all(1) == ["event 10"]
        assert second.lost == []
