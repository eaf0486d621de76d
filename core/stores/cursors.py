"""Where each source goes on: its position, saved with what was loaded."""

import json


def read(cr, source_name):
    """Return a source's saved position, or None before its first load."""
    cr.execute(
        "SELECT position FROM loyalty_reporting_cursor WHERE source_name = %s",
        [source_name],
    )
    row = cr.fetchone()
    return row and row[0]


def save(cr, source_name, position):
    """Save where a source goes on.

    Of the offsets of a topic's partitions, those that are not told stay as they are:
    each of several consumers has some of them.
    """
    position = {**position}
    if "offsets" in position:
        known = (read(cr, source_name) or {}).get("offsets", {})
        position["offsets"] = known | {
            topic: known.get(topic, {}) | offsets
            for topic, offsets in position["offsets"].items()
        }
    cr.execute(
        "INSERT INTO loyalty_reporting_cursor (source_name, position)"
        " VALUES (%s, %s) ON CONFLICT (source_name) DO UPDATE"
        " SET position = excluded.position, saved_at = now() AT TIME ZONE 'UTC'",
        [source_name, json.dumps(dict(position))],
    )


def mark_month(cr, source_name, month, extra=()):
    """Note that a month of a first load is done, and more about the position."""
    cr.execute(
        "UPDATE loyalty_reporting_cursor SET position = jsonb_set(position,"
        " '{months}', position -> 'months' || to_jsonb(%s::text)) || %s"
        " WHERE source_name = %s",
        [month.isoformat(), json.dumps(dict(extra)), source_name],
    )
