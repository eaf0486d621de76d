"""The topic of Kafka, with the mock cluster that is part of Kafka's own client."""

import itertools
import uuid

import confluent_kafka
import databases
import pytest
from contract_stream import Reader, StreamContract, numbered
from stream_fixtures import configuration, orders

from core.consume import consume
from core.errors import ConfigurationError, SourceError, StoreError
from core.streams.kafka_address import client_options
from core.streams.kafka_stream import KafkaStream

GROUP = "reports"
QUICK = "heartbeat.interval.ms=100&session.timeout.ms=6000&fetch.wait.max.ms=10"
PARTITIONS = 4
# The mock cluster keeps 5 MiB of a partition.
LARGE = "x" * 900_000


@pytest.fixture(scope="module")
def cluster():
    """A producer that holds the cluster, and the cluster's address."""
    producer = confluent_kafka.Producer(
        {"test.mock.num.brokers": 1, "linger.ms": 0, "log_level": 0}
    )
    brokers = producer.list_topics(timeout=10).brokers.values()
    return producer, ",".join(f"{b.host}:{b.port}" for b in brokers)


class Alone(KafkaStream):
    """A stream that gets all partitions at once: to join a group takes seconds."""

    def open(self, saved):
        self._saved = saved
        partition = confluent_kafka.TopicPartition
        every = [partition(self.name, number) for number in range(PARTITIONS)]
        self._assigned(self._consumer, every)


class KafkaWorld:
    """A topic of a test's own, and its readers."""

    def __init__(self, producer, hosts):
        self.producer, self.hosts = producer, hosts
        self.name = f"test.{uuid.uuid4().hex}"
        self.group = f"{GROUP}.{self.name}"
        self.position = None
        self.kind = Alone
        self._streams = []
        producer.list_topics(self.name, timeout=10)  # makes it

    def add(self, events, partition=0):
        for event in events:
            self.producer.produce(self.name, value=event, partition=partition)
            assert self.producer.flush(10) == 0

    def add_anywhere(self, events):
        for event, partition in zip(
            events, itertools.cycle(range(PARTITIONS)), strict=False
        ):
            self.add([event], partition)

    def save(self, position):
        """Keep a position as the reporting database does: each partition's."""
        for topic, offsets in position.get("offsets", {}).items():
            self.position = self.position or {"offsets": {}}
            self.position["offsets"].setdefault(topic, {}).update(offsets)

    def stream(self, consumer=None, **options):
        """A stream; consumers of Kafka have no names."""
        url = f"kafka://{self.hosts}/{self.name}?{QUICK}"
        stream = self.kind(url, "other", self.group, linger=0.02, **options)
        self._streams.append(stream)
        return stream

    def close(self):
        for stream in self._streams:
            stream.close()


@pytest.fixture
def world(cluster):
    world = KafkaWorld(*cluster)
    yield world
    world.close()


@pytest.fixture
def joined(world):
    """The world, with readers that share the partitions as Kafka tells them."""
    world.kind = KafkaStream
    return world


class TestContract(StreamContract):
    """Kafka keeps the contract of all streams."""

    def test_two_readers_share_the_entries(self, joined):
        super().test_two_readers_share_the_entries(joined)

    def test_entries_removed_before_they_were_read_are_reported(self, world, reader):
        world.add(numbered(10))
        reader.load(reader.batch(count=4))
        reader.stream.close()
        world.add([LARGE] * 7)
        second = Reader(world)
        batch = second.batch()
        first = int(batch.entries[0].id.rpartition("/")[2])
        assert 4 < first < 17
        [lost] = second.lost
        assert lost.count == first - 4
        assert "removed by Kafka" in lost.reason

    def test_entries_removed_after_they_were_loaded_are_no_loss(self, world, reader):
        world.add(numbered(10))
        reader.all(10)
        for _ in range(7):
            world.add([LARGE])
            reader.load(reader.batch())
        reader.stream.close()
        second = Reader(world)
        world.add(numbered(1, start=10))
        assert second.all(1) == ["event 10"]
        assert second.lost == []


class TestPosition:
    def test_the_position_is_the_next_offset_of_each_partition(self, world):
        world.add_anywhere(numbered(6))
        reader = Reader(world)
        reader.all(6)
        assert world.position == {
            "offsets": {world.name: {"0": 2, "1": 2, "2": 1, "3": 1}}
        }

    def test_the_saved_position_counts_more_than_kafkas_own(self, world):
        world.add(numbered(10))
        reader = Reader(world)
        reader.all(10)
        reader.stream.close()
        world.position = {"offsets": {world.name: {"0": 4}}}
        assert Reader(world).all(6) == numbered(6, start=4)

    def test_without_a_saved_position_kafkas_own_is_used(self, world):
        world.add(numbered(10))
        reader = Reader(world)
        reader.load(reader.batch(count=7))
        reader.stream.close()
        world.position = None
        assert Reader(world).all(3) == numbered(3, start=7)

    @pytest.mark.slow
    def test_another_consumers_partitions_are_left_alone(self, joined):
        """Whatever came to whom: saving a position moves no foreign partition back."""
        joined.add_anywhere(numbered(8))
        readers = [Reader(joined), Reader(joined)]
        found = []
        while len(set(found)) < 8:
            for reader in readers:
                batch = reader.batch(seconds=0.2)
                mine = set(batch.position.get("offsets", {}).get(joined.name, {}))
                assert mine == {str(n) for n in reader.stream._next}
                found += reader.load(batch)

    @pytest.mark.slow
    def test_a_consumer_that_joins_gets_partitions_and_nothing_is_left_out(
        self, joined
    ):
        first = Reader(joined)
        joined.add_anywhere(numbered(8))
        found = first.all(8)
        second = Reader(joined)
        for round_number in range(40):
            joined.add_anywhere(numbered(4, start=8 + 4 * round_number))
            found += first.load(first.batch(seconds=0.15))
            found += second.load(second.batch(seconds=0.15))
            if first.stream._next and second.stream._next:
                break
        assert first.stream._next.keys() | second.stream._next.keys() == {0, 1, 2, 3}
        assert not first.stream._next.keys() & second.stream._next.keys()
        for reader in (first, second) * 3:
            found += reader.load(reader.batch(seconds=0.3))
        assert set(found) == set(numbered(12 + 4 * round_number))
        second.stream.close()
        joined.add_anywhere(numbered(4, start=1000))
        assert set(first.all(4)) >= set(numbered(4, start=1000))

    def test_a_topic_that_ends_before_our_position_is_reported(self, world):
        world.add(numbered(3))
        world.position = {"offsets": {world.name: {"0": 50}}}
        reader = Reader(world)
        assert reader.all(3) == numbered(3)
        [lost] = reader.lost
        assert "ends at 3, though it had been read up to 50" in lost.reason

    def test_entries_removed_while_we_are_slow_are_reported(self, world):
        world.add(numbered(3))
        reader = Reader(world)
        batch = reader.batch()
        world.add([LARGE] * 7)
        reader.stream.release(batch)
        later = reader.batch()
        first = int(later.entries[0].id.rpartition("/")[2])
        assert first > 3
        assert [lost.count for lost in reader.lost] == [first]


class TestConsume:
    """From Kafka into PostgreSQL."""

    def consume(self, world, report, **options):
        return consume(
            world.stream(),
            report,
            **{"source_name": "kafka", "configuration": configuration, "seconds": 20},
            **options,
        )

    def saved(self, report):
        return databases.value(report, "SELECT position FROM loyalty_reporting_cursor")

    def test_the_position_is_saved_with_what_was_loaded(self, world, report):
        world.add_anywhere(orders(10))
        result = self.consume(world, report)
        assert (result.state, result.counts.documents_changed) == ("done", 10)
        expected = {"offsets": {world.name: {"0": 3, "1": 3, "2": 2, "3": 2}}}
        assert self.saved(report) == expected

    def test_a_load_that_failed_saves_no_position_and_is_repeated(self, world, report):
        world.add(orders(10))

        def open_store():
            raise StoreError("It is away.")

        failed = self.consume(world, report, open_store=open_store)
        assert (failed.state, failed.message) == ("failed", "It is away.")
        assert self.consume(world, report).counts.documents_changed == 10

    def test_what_is_loaded_already_changes_nothing_when_it_comes_again(
        self, world, report
    ):
        world.add(orders(10))
        self.consume(world, report)
        databases.execute(report, "UPDATE loyalty_reporting_cursor SET position = '{}'")
        world.group += ".anew"
        again = self.consume(world, report).counts
        assert (again.documents_read, again.documents_changed) == (10, 0)


class TestTrouble:
    def test_an_entry_without_a_value_has_a_fault(self, world):
        world.add([None, "", "good"])
        reader = Reader(world)
        [bad, empty, good] = [reader.batch(count=1).entries[0] for _ in range(3)]
        assert (bad.fault, bad.payload) == ("has no value", b"")
        assert (empty.fault, empty.payload) == ("", b"")
        assert (good.fault, good.payload) == ("", b"good")

    def test_a_server_that_is_away_is_a_passing_error_without_the_password(self):
        options = "security.protocol=SASL_PLAINTEXT&log_level=0"
        stream = KafkaStream(f"kafka://user:secret@127.0.0.1:1/t?{options}", "t", "g")
        stream.open(lambda: None)
        with pytest.raises(SourceError) as caught:
            for _ in range(100):
                stream.read(10, 0.1)
        assert "Kafka cannot be read" in str(caught.value)
        assert "secret" not in str(caught.value)
        stream.close()

    def test_an_unknown_option_is_a_matter_of_configuration(self):
        with pytest.raises(ConfigurationError, match="no.such.option"):
            KafkaStream("kafka://h:1/t?no.such.option=1", "t", "g")


class TestAddress:
    def test_hosts_topic_and_options(self):
        options, topic = client_options(
            "kafka://a:1,b:2/engine.events?log_level=3", "g"
        )
        assert topic == "engine.events"
        assert options["bootstrap.servers"] == "a:1,b:2"
        assert options["log_level"] == "3"
        assert options["group.id"] == "g"
        assert "sasl.username" not in options

    def test_user_and_password(self):
        options, topic = client_options("kafka://us%40er:p%3Aw%2F@a:1", "g")
        assert topic == ""
        assert options["sasl.username"] == "us@er"
        assert options["sasl.password"] == "p:w/"
        assert options["security.protocol"] == "SASL_SSL"

    def test_what_we_rely_on_cannot_be_switched_off(self):
        options, _topic = client_options("kafka://a:1?enable.auto.commit=true", "g")
        assert options["enable.auto.commit"] is False

    def test_no_host(self):
        with pytest.raises(ConfigurationError, match="names no host"):
            client_options("kafka:///topic", "g")
