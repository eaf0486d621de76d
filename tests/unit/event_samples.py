"""Events as a test writes them: an order with a bit of everything, and single rows."""

import copy
import json

AT = "2017-03-10T15:20:00+00:00"
ORDER = {
    "order": {
        "id": "A1",
        "partner_id": 7,
        "store_id": 1,
        "channel": "pos",
        "cashier_id": None,
        "ordered_at": AT,
        "amount_total": 19.99,
        "currency": "USD",
        "is_first_order": False,
        "state": "done",
        "refund_of": None,
        "company_id": 1,
        "version": 1,
    },
    "lines": [
        {"id": 11, "order_id": "A1", "line_no": 1, "program_id": 1, "product_id": 5}
        | {"qty": 2, "amount": "12.3400", "discount": 0.5}
        | {"points_earned": 0, "points_redeemed": 0, "version": 1}
    ],
    "evaluations": [
        {"id": 21, "order_id": "A1", "program_id": 1, "partner_id": 7}
        | {"evaluated_at": AT, "outcome": "eligible", "reason": None, "version": 1}
    ],
    "points": [
        {"id": 31, "seq": 1, "card_id": 7, "partner_id": 7, "program_id": 3}
        | {"transaction_type": "earn", "points_amount": 12, "balance_after": 12}
        | {"occurred_at": AT, "expires_at": None, "origin": "A1", "order_id": "A1"}
        | {"reverses_id": None, "version": 1}
    ],
}
MEMBERSHIP = {"id": 41, "partner_id": 7, "order_id": "A1", "event_type": "join"}
MEMBERSHIP |= {"from_membership_product_id": None, "to_membership_product_id": 1}
MEMBERSHIP |= {"occurred_at": AT, "version": 1}
POINT = ORDER["points"][0] | {"id": 32, "order_id": None, "transaction_type": "adjust"}
PROGRAM = {"id": 1, "name": "Summer", "program_type": "coupons", "active": True}
PROGRAM |= {"valid_from": "2017-01-01", "valid_to": None, "version": 1}

TYPES = {
    "order": ("engine.order.processed.v1", ORDER),
    "membership": ("engine.membership.changed.v1", MEMBERSHIP),
    "points": ("engine.points.changed.v1", POINT),
    "program": ("engine.program.changed.v1", PROGRAM),
}


def envelope(kind="order", **attributes):
    """A whole event as a dictionary of the test's own."""
    name, data = TYPES[kind]
    event = {"specversion": "1.0", "id": "e1", "source": "/engine/1", "type": name}
    return event | {"data": copy.deepcopy(data)} | attributes


def encoded(event):
    """An event as JSON."""
    return json.dumps(event).encode()


def event(kind="order", **changes):
    """An event as JSON; `changes` are of the document's own row."""
    whole = envelope(kind)
    row = whole["data"]["order"] if kind == "order" else whole["data"]
    row.update(changes)
    if "id" in changes and kind == "order":
        for part in ("lines", "evaluations", "points"):
            for child in whole["data"][part]:
                child["order_id"] = changes["id"]
    return encoded(whole)
