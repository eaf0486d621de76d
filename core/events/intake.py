"""Events that external systems push, each with a verdict.

An event is known by (source, id): sent again it changes nothing, with other content it
is refused. The facts in it are loaded as those of a stream are; the ids are remembered
after their commit, since loading an event twice has the effect of loading it once.
"""

import hashlib
from contextlib import closing
from dataclasses import dataclass

import msgspec

from ..errors import BadQuery, TooMany
from ..stores.configuration import configure
from ..stores.postgres import PostgresStore
from ..stores.reporting import connect, explained
from .chunks import chunk_of
from .cloudevents import Parsed, parse
from .rejects import kept

ACCEPTED, DUPLICATE, REFUSED = "accepted", "duplicate", "refused"
MOST_EVENTS = 1000
_LONGEST_NAME = 1000
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_name = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


@dataclass
class Verdict:
    """What became of an event.

    :ivar name: (source, id) of the event, as far as it has them
    :ivar verdict: :data:`ACCEPTED`, :data:`DUPLICATE` or :data:`REFUSED`
    :ivar reason: why it was refused
    """

    name: tuple[str | None, str | None]
    payload: bytes
    verdict: str = ""
    reason: str = ""

    @property
    def digest(self):
        """Return what tells this content from another."""
        return hashlib.sha256(self.payload).digest()

    def refuse(self, reason):
        """Refuse the event."""
        self.verdict, self.reason = REFUSED, reason


@dataclass(frozen=True)
class Intake:
    """Where pushed events go.

    :param dsn: the reporting database
    :param source_name: the configured source
    :param system: the system in which its facts originate
    :param configuration: ``companies``, ``mapping`` and ``rates``
    :param event_bytes: an event that is larger is refused
    :param per_minute: events that the source takes in a minute
    :param erasure_secret: by which persons who were erased are recognised
    """

    dsn: object
    source_name: str
    system: str
    configuration: dict
    event_bytes: int
    per_minute: int
    erasure_secret: str = ""

    def receive(self, body):
        """Load what is new of the events in a request's body.

        :return: list of :class:`Verdict`, in the order of the events
        :raise BadQuery: the body holds no events
        :raise TooMany: more than the source takes in a minute; nothing was loaded
        :raise StoreError: nothing was loaded; the same request may work next time
        """
        verdicts = [_begun(event) for event in _events(body)]
        with closing(connect(self.dsn)) as connection, explained():
            with connection, connection.cursor() as cr:
                self._keep_rate(cr, len(verdicts))
                self._recognise(cr, [v for v in verdicts if not v.verdict])
            new = [v for v in verdicts if not v.verdict]
            if new:
                self._load(new)
                with connection, connection.cursor() as cr:
                    self._remember(cr, [v for v in new if v.verdict == ACCEPTED])
        return verdicts

    def _keep_rate(self, cr, count):
        cr.execute(
            "SELECT count(*) FROM loyalty_reporting_pushed_event WHERE source_name = %s"
            " AND received_at > now() AT TIME ZONE 'UTC' - interval '1 minute'",
            [self.source_name],
        )
        if cr.fetchone()[0] + count > self.per_minute:
            raise TooMany(
                f"This source takes {self.per_minute} events a minute: send these "
                "again in a minute.",
                seconds=60,
            )

    def _recognise(self, cr, verdicts):
        """Set apart what is known, be it from this very request."""
        cr.execute(
            "SELECT event_source, event_id, digest FROM loyalty_reporting_pushed_event"
            " WHERE source_name = %s AND event_id = ANY(%s)",
            [self.source_name, [v.name[1] for v in verdicts]],
        )
        known = {(source, key): bytes(digest) for source, key, digest in cr.fetchall()}
        for verdict in verdicts:
            if verdict.name not in known:
                known[verdict.name] = verdict.digest
            elif known[verdict.name] == verdict.digest:
                verdict.verdict = DUPLICATE
            else:
                verdict.refuse("another event was sent with this source and id")

    def _load(self, verdicts):
        documents, by_key = [], {}
        for verdict in verdicts:
            parsed = parse([verdict.payload], self.event_bytes)
            if parsed.rejects:
                verdict.refuse(parsed.rejects[0].reason)
            for document in parsed.documents:
                documents.append(document)
                by_key.setdefault((document.kind, document.key), []).append(verdict)
        if documents:
            chunk = chunk_of(Parsed(documents))
            by_text = {kept(v.payload): v for v in verdicts}
            for reject in chunk.rejects:
                by_text[reject.raw].refuse(reject.reason)
            configure(self.dsn, self.system, **self.configuration)
            store = PostgresStore(
                self.dsn,
                self.source_name,
                self.system,
                erasure_secret=self.erasure_secret,
            )
            with closing(store):
                store.load(chunk)
                refused = store.refused()
            for kind, key, reason in refused:
                for verdict in by_key.get((kind, key), ()):
                    if not verdict.verdict:
                        verdict.refuse(reason)
        for verdict in verdicts:
            verdict.verdict = verdict.verdict or ACCEPTED

    def _remember(self, cr, verdicts):
        for verdict in verdicts:
            cr.execute(
                "INSERT INTO loyalty_reporting_pushed_event"
                " (source_name, event_source, event_id, digest) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                [self.source_name, *verdict.name, verdict.digest],
            )


def _events(body):
    """Return the texts of the events in a body: one, or an array of them."""
    if body.lstrip()[:1] != b"[":
        return [body]
    try:
        events = [bytes(event) for event in _split(body)]
    except (msgspec.MsgspecError, ValueError, RecursionError) as e:
        raise BadQuery("body", f"The body is no JSON array of events: {e}.") from e
    if not 0 < len(events) <= MOST_EVENTS:
        raise BadQuery(
            "body", f"{len(events)} events were sent; a request has 1 to {MOST_EVENTS}."
        )
    return events


def _begun(payload):
    """Return an event's verdict to be; it is refused where it has no name."""
    try:
        members = _name(payload)
        name = tuple(_text(members.get(part, b"null")) for part in ("source", "id"))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        verdict = Verdict((None, None), payload)
        parsed = parse([payload])
        verdict.refuse(parsed.rejects[0].reason if parsed.rejects else "has no name")
        return verdict
    verdict = Verdict(name, payload)
    if not all(
        0 < len(part.encode(errors="replace")) <= _LONGEST_NAME for part in name
    ):
        verdict.refuse(f"source and id must have 1 to {_LONGEST_NAME} bytes")
    elif any("\0" in part for part in name):
        verdict.refuse("source and id must have no NUL character")
    return verdict
