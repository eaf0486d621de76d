"""Which membership product a customer of any history holds, and when."""

from collections import defaultdict

from .generic_rows import clock, table

ENDING = ("expire", "cancel")


def timelines(tables, zone):
    """{partner_id: events in order of (occurred_at, id)}, each with what is `held`.

    `held` is the membership product after the event, None when the membership ended.
    Events also have `at`, `date` and `hour`.
    """
    found = defaultdict(list)
    for row in table(tables, "membership_event"):
        found[row["partner_id"]].append({**row, **clock(row["occurred_at"], zone)})
    return {partner: _played(events) for partner, events in found.items()}


def _played(events):
    held, played = None, []
    for event in sorted(events, key=lambda event: (event["at"], event["id"])):
        held = _after(event, held)
        played.append({**event, "held": held})
    return played


def _after(event, held):
    """The product held after an event: a renewal to nothing named keeps the level."""
    if event["event_type"] in ENDING:
        return None
    named = event["to_membership_product_id"]
    return held if named is None else named


def held_at(lines, partner_id, at):
    """The product held at an instant (naive UTC), events of that instant included."""
    return _last(event for event in lines.get(partner_id, []) if event["at"] <= at)


def held_on(lines, partner_id, date):
    """The product held at the end of a business day; None: of all days."""
    events = lines.get(partner_id, [])
    return _last(event for event in events if date is None or event["date"] <= date)


def _last(events):
    held = None
    for event in events:
        held = event["held"]
    return held


def level_names(tables):
    """{membership_product_id: level}."""
    return {row["id"]: row["level"] for row in table(tables, "membership_product")}
