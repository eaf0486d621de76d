"""Whatever comes: an event is accepted or refused, and never an error."""

import json

from event_samples import TYPES, encoded, envelope
from hypothesis import given
from hypothesis import strategies as st

from core.events.chunks import chunk_of
from core.events.cloudevents import parse
from core.sources.contract import STAGES, TABLES

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["NaN", "1e99999", "A1", "\0", "\\N", "2017-03-10T00:00:00Z"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
COLUMNS = {STAGES[name]: len(TABLES[name]) - 1 for name in STAGES}


def written(payloads):
    """What a chunk of the payloads hands to COPY, checked for its form."""
    chunk = chunk_of(parse(payloads))
    for stage, write in chunk.tables.items():
        parts = []
        write(type("File", (), {"write": parts.append}))
        text = b"".join(parts).decode()
        assert "\0" not in text
        for line in text.removesuffix("\n").split("\n"):
            assert line.count("\t") == COLUMNS[stage] - 1
    for reject in chunk.rejects:
        assert reject.reason
        for value in vars(reject).values():
            (value or "").encode()
            assert "\0" not in (value or "")
    return chunk


def accepted_or_refused(payload):
    chunk = written([payload])
    count = sum(map(len, chunk.keys.values())) + ("stage_program" in chunk.tables)
    assert count + len(chunk.rejects) == 1


@given(ANY)
def test_any_json(value):
    payload = json.dumps(value).encode(errors="surrogatepass")
    written([payload])
    if not isinstance(value, list):
        accepted_or_refused(payload)


@given(st.binary())
def test_any_bytes(payload):
    written([payload])


@given(st.data())
def test_any_value_anywhere_in_an_event(data):
    whole = envelope(data.draw(st.sampled_from(sorted(TYPES))))
    target = whole
    while True:
        names = sorted(target) if isinstance(target, dict) else range(len(target))
        name = data.draw(st.sampled_from(names))
        if not isinstance(target[name], dict | list) or data.draw(st.booleans()):
            break
        target = target[name]
    target[name] = data.draw(ANY)
    accepted_or_refused(encoded(whole))


@given(st.sampled_from(sorted(TYPES)), st.data())
def test_any_damage_to_an_event(kind, data):
    payload = bytearray(encoded(envelope(kind)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(payload) - 1))
        payload[place] = data.draw(st.integers(0, 255))
    written([bytes(payload)])
