"""A topic of Kafka, read by a consumer group.

Where each partition goes on is saved in the transaction of the load, as the source's
position; Kafka's own offsets are a copy, used where that position is not known yet.
"""

import logging
from collections import deque
from contextlib import contextmanager

from ..errors import ConfigurationError, SourceError
from .base import Batch, Entry, Lost
from .kafka_address import client_options

_logger = logging.getLogger(__name__)
_TIMEOUT = 10
_KEY = "offsets"


class KafkaStream:
    """A stream of events in Kafka.

    :param url: ``kafka://user:password@host:9092,host:9092/topic?option=value``
    :param name: the topic, unless the address names it
    :param group: the consumer group; its members share the partitions
    :param linger: seconds to wait for more when something came
    """

    def __init__(self, url, name, group, *, linger=0.1):
        try:
            import confluent_kafka  # noqa: PLC0415 (only where it is configured)
        except ImportError:
            raise ConfigurationError(
                "The stream needs the Python package confluent-kafka: pip install "
                "confluent-kafka."
            ) from None
        self._kafka = confluent_kafka
        options, topic = client_options(url, group)
        self.name, self.group, self._linger = topic or name, group, linger
        self.is_ready = False
        self._saved = lambda: None
        self._next, self._unplaced, self._trouble = {}, [], None
        # Kept until they are handed out, whatever happens on the way.
        self._messages, self._entries, self._lost = deque(), [], []
        with self._explained():
            self._consumer = confluent_kafka.Consumer(
                {**options, "error_cb": self._note}, logger=_logger
            )

    def open(self, saved):
        """Join the group; the partitions come with the first reads."""
        self._saved = saved
        with self._explained():
            self._consumer.subscribe(
                [self.name],
                on_assign=self._assigned,
                on_revoke=self._revoked,
                on_lost=self._revoked,
            )

    def read(self, count, seconds):
        """Return what comes first, and what follows it shortly."""
        with self._explained():
            self._poll(count, seconds)
            if self._unplaced:
                # Partitions came meanwhile: what came of them is not what comes next.
                self._messages.clear()
                self._place()
            while self._messages:
                self._take(self._messages[0])
                self._messages.popleft()
        if self._trouble and not self._entries and not self._lost:
            trouble, self._trouble = self._trouble, None
            raise self._ours(trouble)
        entries, self._entries = tuple(self._entries), []
        lost, self._lost = tuple(self._lost), []
        offsets = {str(number): offset for number, offset in self._next.items()}
        position = {_KEY: {self.name: offsets}} if offsets else {}
        return Batch(entries, position, lost)

    def _poll(self, count, seconds):
        first = self._consumer.poll(seconds)
        # A message without a value is false.
        if first is not None:
            self._messages.append(first)
            if count > 1:
                wait = min(self._linger, seconds)
                self._messages.extend(self._consumer.consume(count - 1, wait))

    def ack(self, batch):
        """Leave a copy of the position with Kafka, for its own tools to see."""
        offsets = batch.position.get(_KEY, {}).get(self.name, {})
        ours = [
            self._partition(int(number), offset)
            for number, offset in offsets.items()
            if int(number) in self._next
        ]
        if ours:
            with self._explained():
                self._consumer.commit(offsets=ours, asynchronous=True)

    def release(self, batch):
        """Read the batch's entries again."""
        first = {}
        for entry in batch.entries:
            number, offset = map(int, entry.id.split("/")[-2:])
            first[number] = min(offset, first.get(number, offset))
        with self._explained():
            for number, offset in first.items():
                if number in self._next:
                    self._next[number] = offset
                    self._consumer.seek(self._partition(number, offset))

    def behind(self):
        """Return how many entries our partitions hold behind what we read."""
        if not self._next:
            return None
        with self._explained():
            ends = {n: self._borders(n)[1] for n in self._next}
        return sum(max(0, end - self._next[n]) for n, end in ends.items())

    def close(self):
        """Leave the group."""
        self._consumer.close()

    # ------------------------------------------------------------ partitions

    def _assigned(self, consumer, partitions):
        """Take partitions over; errors have no place in a callback."""
        self._next, self.is_ready = {}, not partitions
        self._unplaced = [p.partition for p in partitions]
        end = self._kafka.OFFSET_END
        consumer.assign([self._partition(n, end) for n in self._unplaced])

    def _revoked(self, _consumer, _partitions):
        self._next, self._unplaced = {}, []

    def _place(self):
        """Go on where the last load of each partition ended."""
        saved = (self._saved() or {}).get(_KEY, {}).get(self.name, {})
        asked = [self._partition(n) for n in self._unplaced]
        committed = self._consumer.committed(asked, timeout=_TIMEOUT)
        known = {p.partition: p.offset for p in committed if p.offset >= 0}
        known.update((int(number), offset) for number, offset in saved.items())
        lost = []
        starts = {n: self._start(n, known.get(n), lost) for n in self._unplaced}
        self._go_on(starts)
        self._unplaced, self.is_ready = [], True
        self._lost += lost

    def _go_on(self, starts):
        """Fetch our partitions from some offsets on."""
        self._consumer.assign([self._partition(n, o) for n, o in starts.items()])
        self._next = starts

    def _start(self, number, wanted, lost):
        """Return where a partition goes on, which need not be where it should."""
        low, high = self._borders(number)
        if wanted is None:
            return low
        where = f"{self.name}/{number}"
        if wanted < low:
            lost.append(
                Lost(
                    f"{low - wanted} entries of {where} were removed by Kafka before "
                    "they were read. Keep them longer, or read them sooner.",
                    low - wanted,
                )
            )
            return low
        if wanted > high:
            lost.append(
                Lost(
                    f"{where} ends at {high}, though it had been read up to {wanted}: "
                    "the topic was made anew, or Kafka lost its end."
                )
            )
            return low
        return wanted

    def _borders(self, number):
        return self._consumer.get_watermark_offsets(
            self._partition(number), timeout=_TIMEOUT
        )

    def _partition(self, number, *offset):
        return self._kafka.TopicPartition(self.name, number, *offset)

    # ------------------------------------------------------------ messages

    def _take(self, message):
        """Take in a message: an entry, or something that Kafka tells."""
        error, number = message.error(), message.partition()
        codes = self._kafka.KafkaError
        if error and error.code() == codes._AUTO_OFFSET_RESET and number in self._next:
            self._replace(number)
        elif error and error.code() != codes._PARTITION_EOF:
            self._trouble = error
        elif not error and number in self._next:
            self._next[number] = message.offset() + 1
            self._entries.append(self._entry(message, number))

    def _entry(self, message, number):
        kind, milliseconds = message.timestamp()
        value = message.value()
        return Entry(
            f"{self.name}/{number}/{message.offset()}",
            value or b"",
            milliseconds / 1000 if kind else None,
            "" if value is not None else "has no value",
        )

    def _replace(self, number):
        """Go on in a partition whose next entry is not there any more."""
        lost = []
        start = self._start(number, self._next[number], lost)
        self._go_on({**self._next, number: start})
        self._lost += lost

    # ------------------------------------------------------------ errors

    def _note(self, error):
        """Keep what Kafka's client tells outside of any call."""
        _logger.debug("Kafka: %s", error)
        if error.code() == self._kafka.KafkaError._ALL_BROKERS_DOWN or error.fatal():
            self._trouble = error

    def _ours(self, error):
        codes = self._kafka.KafkaError
        said = f"{error.str().rstrip('.')} ({error.name()})"
        if error.code() in (
            codes._AUTHENTICATION,
            codes.SASL_AUTHENTICATION_FAILED,
            codes.TOPIC_AUTHORIZATION_FAILED,
            codes.GROUP_AUTHORIZATION_FAILED,
        ):
            return ConfigurationError(
                f"Kafka refuses us: {said}. Check user, password and rights on the "
                f"topic {self.name} and the group {self.group}."
            )
        return SourceError(
            f"Kafka cannot be read: {said}. Nothing is lost; what was read and not "
            "loaded is read again."
        )

    @contextmanager
    def _explained(self):
        try:
            yield
        except self._kafka.KafkaException as e:
            error = e.args[0]
            if error.code() == self._kafka.KafkaError._INVALID_ARG:
                raise ConfigurationError(
                    f"Kafka's client refuses an option of the stream's address: "
                    f"{error.str()}."
                ) from None
            raise self._ours(error) from e
