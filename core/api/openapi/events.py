"""Events that are pushed."""

from .pieces import closed, in_query, json_of, refusals

TAGS = ({"name": "events", "description": "For senders of a source that is pushed."},)
_NAME = {"type": ["string", "null"]}
_VERDICTS = ("accepted", "duplicate", "refused")
_COUNTS = {name: {"type": "integer", "minimum": 1} for name in _VERDICTS}
_VERDICT = closed(
    {
        "source": _NAME,
        "id": _NAME,
        "verdict": {"enum": [*_VERDICTS]},
        "reason": {"type": "string", "description": "Of a refusal."},
    },
    ["source", "id", "verdict"],
)
_ANSWER = closed(
    {
        "counts": closed(_COUNTS, [], description="How many events had a verdict."),
        "events": {
            "type": "array",
            "description": "In the order in which they were sent.",
            "items": _VERDICT,
        },
    }
)
_EXAMPLE = {
    "specversion": "1.0",
    "type": "engine.program.changed.v1",
    "source": "/web-shop",
    "id": "5f0c2b7e",
    "data": {"id": 123, "version": 1, "name": "Summer Sale"},
}
_EXAMPLE_OF_ANSWER = {
    "counts": {"accepted": 1},
    "events": [{"source": "/web-shop", "id": "5f0c2b7e", "verdict": "accepted"}],
}


def paths(_reports):
    """Return the path of pushed events, none where what reads them is not installed."""
    try:
        from ...events import intake, types  # noqa: PLC0415 (needs msgspec)
    except ImportError:
        return {}
    event = {"oneOf": [_reference(kind.__name__) for kind in types.TYPES]}
    several = {"type": "array", "items": event}
    several |= {"minItems": 1, "maxItems": intake.MOST_EVENTS}
    return {"/api/v1/events": {"post": _operation(event, several)}}


def schemas():
    """Return the schemas of events, as they are read."""
    try:
        from ...events import types  # noqa: PLC0415 (needs msgspec)
    except ImportError:
        return {}
    found = {}
    for kind in types.TYPES:
        found |= _schemas_of(kind)
    return found


def _schemas_of(kind):
    """Return the schemas of a type of event; its tables are named after it."""
    import msgspec  # noqa: PLC0415 (as above)

    name = kind.__name__
    template = f"#/components/schemas/{name}.{{name}}"
    _whole, found = msgspec.json.schema_components([kind], ref_template=template)
    event = _with_numbers(found.pop(name))
    return {name: event} | {
        f"{name}.{part}": _with_numbers(schema) for part, schema in found.items()
    }


def _with_numbers(schema):
    """Return a schema in which a decimal may also be a number, as it is read."""
    if isinstance(schema, list):
        return [_with_numbers(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {**schema, "type": ["number", "string"]}
    return {name: _with_numbers(part) for name, part in schema.items()}


def _reference(name):
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(event, several):
    either = {"schema": {"oneOf": [event, several]}, "example": _EXAMPLE}
    source = in_query(
        "source",
        {"type": "string"},
        "The source's code; not needed by who may push to one only.",
    )
    return {
        "operationId": "events",
        "tags": ["events"],
        "summary": "Push events into a source",
        "description": "CloudEvents 1.0, one or an array. Each gets a verdict of its "
        "own: one that cannot be used is refused with the reason, whatever becomes of "
        "the others. An event that is sent again changes nothing. Only with a key.",
        "parameters": [source],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": either,
                "application/cloudevents+json": {
                    "schema": event,
                    "example": _EXAMPLE,
                },
                "application/cloudevents-batch+json": {
                    "schema": several,
                    "example": [_EXAMPLE],
                },
            },
        },
        "responses": {
            "200": {
                "description": "The verdicts",
                "content": json_of(_ANSWER, example=_EXAMPLE_OF_ANSWER),
            },
            **refusals(400, 401, 404, 413, 415, 429, 500, 503),
        },
    }
