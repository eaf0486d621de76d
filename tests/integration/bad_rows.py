"""Rows that cannot be loaded, one of each kind, and what is said of them."""

from dataclasses import dataclass

LONG = "SELECT string_agg(md5(n::text), '') FROM generate_series(1, 100) n"
ORDERS, LINES = "processed_order", "order_promotion_line"
EVALUATIONS, PROGRAMS = "promotion_evaluation", "program"
EVENTS, POINTS = "membership_event", "point_transaction"
PRODUCTS, CARDS = "membership_product", "point_card"
OUTSIDE = ("1900-06-01", "2200-06-01", "infinity", "-infinity", "294276-12-31")


@dataclass(frozen=True)
class BadRow:
    """A row of `table` with `columns` that are wrong, and the reason to be given."""

    name: str
    table: str
    columns: dict
    reason: str


def _orders():
    yield "id empty", {"id": ""}, "id is empty"
    yield "id null", {"id": None}, "id is empty"
    yield "no instant", {"ordered_at": None}, "ordered_at is empty"
    for at in OUTSIDE:
        yield f"at {at}", {"ordered_at": at}, f"ordered_at {at}.* is outside 2000-01-01"
    yield "1999", {"ordered_at": "1999-12-31 23:59:59.999999+00"}, "1999.* is outside"
    yield "no state", {"state": None}, "state NULL is none of done, void, refund"
    yield "odd state", {"state": "quote"}, "state 'quote' is none of"
    yield "no company", {"company_id": None}, "company_id NULL is not mapped"
    yield "odd company", {"company_id": 99}, "company_id 99 is not mapped to a company"
    yield "no currency", {"currency": None}, "currency is empty"
    yield "no rate", {"currency": "XXX"}, "no exchange rate of XXX on 2017-03-10"
    yield "long channel", {"channel": "LONG"}, "channel is longer than 1000 bytes"
    yield "long id", {"id": "LONG"}, "id is longer than 1000 bytes"


def _lines():
    yield "id null", {"id": None}, "id is empty"
    yield "order null", {"order_id": None}, "order_id is empty"
    yield "order empty", {"order_id": ""}, "order_id is empty"
    yield "order unknown", {"order_id": "none"}, "its order none is missing"
    yield "program null", {"program_id": None}, "program_id is empty"
    for name in ("qty", "amount", "discount", "points_earned", "points_redeemed"):
        yield f"{name} null", {name: None}, f"{name} is empty"
        yield f"{name} NaN", {name: "NaN"}, f"{name} NaN does not fit"
    yield "infinite", {"amount": "Infinity"}, "amount Infinity does not fit"
    yield "less than all", {"qty": "-Infinity"}, "qty -Infinity does not fit"
    yield "20 digits", {"amount": "12345678901234567890"}, "1234.* does not fit NUMERIC"
    yield "15 digits", {"amount": "-100000000000000"}, "amount -100.* does not fit"
    yield "5 decimals", {"amount": "1.00001"}, "amount 1.00001 has more than 4 decimals"


def _evaluations():
    yield "id null", {"id": None}, "id is empty"
    yield "order null", {"order_id": None}, "order_id is empty"
    yield "program null", {"program_id": None}, "program_id is empty"
    yield "no outcome", {"outcome": None}, "outcome NULL is none of applied, eligible"
    yield "odd outcome", {"outcome": "maybe"}, "outcome 'maybe' is none of"
    yield "no instant", {"evaluated_at": None}, "evaluated_at is empty"
    yield "order too long", {"order_id": "LONGER"}, "order_id is longer than 1000 bytes"
    for at in OUTSIDE:
        yield f"at {at}", {"evaluated_at": at}, f"evaluated_at {at}.* is outside"


def _events():
    yield "id null", {"id": None}, "id is empty"
    yield "no customer", {"partner_id": None}, "partner_id is empty"
    yield "no type", {"event_type": None}, "event_type NULL is none of join, upgrade"
    yield "odd type", {"event_type": "Join"}, "event_type 'Join' is none of join"
    for kind in ("join", "upgrade", "downgrade"):
        columns = {"event_type": kind, "to_membership_product_id": None}
        yield f"{kind} to nothing", columns, "to_membership_product_id is empty"
    yield "no instant", {"occurred_at": None}, "occurred_at is empty"
    yield "1999", {"occurred_at": "1999-12-31 23:59:59.999999+00"}, "1999.* is outside"
    for at in OUTSIDE:
        yield f"at {at}", {"occurred_at": at}, f"occurred_at {at}.* is outside 2000"


def _points():
    yield "id null", {"id": None}, "id is empty"
    yield "order empty", {"order_id": ""}, "its order  is missing"
    yield "order unknown", {"order_id": "none"}, "its order none is missing"
    yield "no card", {"card_id": None}, "card_id is empty"
    yield (
        "no program",
        {"card_id": 9, "program_id": None},
        "neither the row nor its card",
    )
    yield "no type", {"transaction_type": None}, "transaction_type NULL is none of earn"
    yield "odd type", {"transaction_type": "Earn"}, "transaction_type 'Earn' is none of"
    yield "no points", {"points_amount": None}, "points_amount is empty"
    wrong = ("NaN", "Infinity", "-Infinity", "100000000000000", "1.00001")
    for number in wrong:
        says = f"{number}.* does not fit NUMERIC"
        yield f"points {number}", {"points_amount": number}, f"points_amount {says}"
        yield f"balance {number}", {"balance_after": number}, f"balance_after {says}"
    in_order = {"order_id": "A1", "points_amount": "NaN"}
    yield "of an order", in_order, "points_amount NaN does not fit"
    yield "no instant", {"occurred_at": None}, "occurred_at is empty"
    yield "1999", {"occurred_at": "1999-12-31 23:59:59.999999+00"}, "1999.* is outside"
    for at in OUTSIDE:
        yield f"at {at}", {"occurred_at": at}, f"occurred_at {at}.* is outside 2000"


BAD_ROWS = [
    BadRow(f"{table}: {name}", table, columns, reason)
    for table, kinds in (
        (ORDERS, _orders()),
        (LINES, _lines()),
        (EVALUATIONS, _evaluations()),
        (EVENTS, _events()),
        (POINTS, _points()),
        (PROGRAMS, [("id null", {"id": None}, "id is empty")]),
        (PRODUCTS, [("id null", {"id": None}, "id is empty")]),
        (CARDS, [("id null", {"id": None}, "id is empty")]),
    )
    for name, columns, reason in kinds
]


def forget_the_rules(engine):
    """Take away what would keep bad rows out of this engine."""
    for table in _WRITERS:
        engine.run(
            f"ALTER TABLE engine.{table} DROP CONSTRAINT {table}_pkey,"
            " ALTER COLUMN id DROP NOT NULL"
        )
    engine.run(
        "DROP INDEX engine.processed_order_txid_id_idx,"
        " engine.promotion_evaluation_order_id_idx,"
        " engine.order_promotion_line_order_id_idx"
    )


def plant(engine):
    """Write all bad rows. Returns {name of its kind: key of the row}."""
    long = engine.value(LONG)
    keys = {}
    for number, bad in enumerate(BAD_ROWS):
        texts = {"LONG": long, "LONGER": f"{long}x"}
        columns = {name: texts.get(v, v) for name, v in bad.columns.items()}
        keys[bad.name] = _WRITERS[bad.table](engine, number, columns)
    return keys


def _order(engine, number, columns):
    key = columns.pop("id", f"bad-{number}")
    engine.order(key, lines=0, **columns)
    return key


def _line(engine, number, columns):
    if "order_id" not in columns:
        columns["order_id"] = engine.order(f"good-{number}", lines=1)
    return engine.line(**columns)


def _evaluation(engine, number, columns):
    return engine.evaluation(**{"order_id": f"basket-{number}", **columns})


def _event(engine, _number, columns):
    return engine.membership(columns.pop("event_type", "join"), 1, **columns)


def _booking(engine, _number, columns):
    amount = columns.pop("points_amount", 5)
    return engine.points(amount, columns.pop("transaction_type", "earn"), **columns)


def _dimension(table):
    """Return a writer of a row that has nothing but its id."""
    return lambda engine, _number, columns: engine.run(
        f"INSERT INTO engine.{table} (id) VALUES (%(id)s)", columns
    )


_WRITERS = {
    ORDERS: _order,
    LINES: _line,
    EVALUATIONS: _evaluation,
    EVENTS: _event,
    POINTS: _booking,
    **{table: _dimension(table) for table in (PROGRAMS, PRODUCTS, CARDS)},
}
