"""Corrections and deletions in an engine, by name: each a function of the engine."""

LINES = "order_promotion_line"
ORDERS = "processed_order"
EVALUATIONS = "promotion_evaluation"
EVENTS, POINTS = "membership_event", "point_transaction"
DIMENSIONS = ("program", "membership_product", "point_card")


def first_line(engine, order):
    return engine.value(
        "SELECT min(id) FROM engine.order_promotion_line WHERE order_id = %s", [order]
    )


def of_line(**columns):
    return lambda e: e.change(LINES, first_line(e, "A1"), **columns)


def of_order(key, **columns):
    return lambda e: e.change(ORDERS, key, **columns)


def of_evaluations(order, **columns):
    """Change all evaluations of a basket."""

    def change(engine):
        found = engine.rows(
            "SELECT id FROM engine.promotion_evaluation WHERE order_id = %s", [order]
        )
        for (key,) in found:
            engine.change(EVALUATIONS, key, **columns)

    return change


def of_event(event_type, /, **columns):
    """Change customer 7's last event of a type."""
    return lambda e: e.change(
        EVENTS, last(e, EVENTS, "event_type", event_type), **columns
    )


def of_points(transaction_type, /, **columns):
    """Change the last row of a type in the ledger of card 1."""

    def change(engine):
        key = last(engine, POINTS, "transaction_type", transaction_type)
        engine.change(POINTS, key, **columns)

    return change


def last(engine, table, column, value):
    """Id of customer 7's last row in which a column has a value."""
    query = f"SELECT max(id) FROM engine.{table} WHERE {column} = %s AND partner_id = 7"
    return engine.value(query, [value])


def without(table, column, value):
    """Delete customer 7's last row in which a column has a value."""
    return lambda e: e.delete(table, last(e, table, column, value))


def whole_document_goes(engine):
    for table in (LINES, EVALUATIONS, POINTS):
        engine.run(f"DELETE FROM engine.{table} WHERE order_id = 'A1'")
    engine.delete(ORDERS, "A1")


def many_at_once(engine):
    engine.run(
        "BEGIN; UPDATE engine.processed_order SET store_id = 9 WHERE id < 'A4';"
        " DELETE FROM engine.order_promotion_line WHERE order_id = 'A2';"
        " UPDATE engine.order_promotion_line SET order_id = 'A5' WHERE order_id = 'A1';"
        " UPDATE engine.processed_order SET id = 'Z' || id WHERE id = 'A3'; COMMIT"
    )


CHANGES = {
    "an amount": of_line(amount="10.00"),
    "a quantity to nothing": of_line(qty=0, amount=0, discount=0),
    "a line to another program": of_line(program_id=2),
    "a line to a program not known before": of_line(program_id=77),
    "a line to another order": of_line(order_id="A5"),
    "a line to an order in another month": of_line(order_id="A4"),
    "a line to no order": of_line(order_id=None),
    "a line's own id": of_line(id=5),
    "an order to another hour": of_order("A1", ordered_at="2017-03-10 17:00:00Z"),
    "an order to another day": of_order("A1", ordered_at="2017-03-15 15:20:00Z"),
    "an order to another month": of_order("A1", ordered_at="2018-06-01 00:00:00Z"),
    "an order by a second": of_order("A1", ordered_at="2017-03-10 15:20:01Z"),
    "an order to another store": of_order("A1", store_id=5),
    "an order to no store": of_order("A1", store_id=None),
    "an order to another channel": of_order("A1", channel="web"),
    "an order to another customer": of_order("A1", partner_id=8),
    "an order to no customer": of_order("A1", partner_id=None),
    "an order's id": of_order("A1", id="B1"),
    "a void": of_order("A1", state="void"),
    "a void of what was only evaluated before": of_order("A2", state="void"),
    "an un-void": of_order("A7", state="done"),
    "a sale to a refund": of_order("A1", state="refund"),
    "a refund to a sale": of_order("A6", state="done"),
    "a new refund": lambda e: e.order("R1", "2017-05-01 10:00Z", state="refund"),
    "an outcome": of_evaluations("A1", outcome="rejected", reason="used"),
    "a reason": of_evaluations("A2", reason="another"),
    "an instant of a basket": of_evaluations(
        "lost-1", evaluated_at="2017-03-10 18:00Z"
    ),
    "a basket to another month": of_evaluations(
        "lost-2", evaluated_at="2017-07-01 01:00Z"
    ),
    "a basket that becomes an order": of_evaluations("lost-1", order_id="A5"),
    "an order's evaluations to no order": of_evaluations("A1", order_id="lost-9"),
    "an order for a basket": lambda e: e.order("lost-1", "2017-03-12 09:00Z", lines=2),
    "an order without lines": lambda e: e.order("N1", lines=0),
    "an order refused": of_order("A2", ordered_at=None),
    "an evaluated order refused": of_order("A1", state="quote"),
    "a deletion of a line": lambda e: e.delete(LINES, first_line(e, "A1")),
    "a deletion of an only line": lambda e: e.delete(LINES, first_line(e, "A3")),
    "a deletion of an order whose lines stay": lambda e: e.delete(ORDERS, "A1"),
    "a deletion of an order without evaluations": lambda e: e.delete(ORDERS, "A3"),
    "a deletion of evaluations": lambda e: e.run(
        "DELETE FROM engine.promotion_evaluation WHERE order_id IN ('A1', 'lost-1')"
    ),
    "a deletion of a whole document": whole_document_goes,
    "a truncated table": lambda e: e.run("TRUNCATE engine.promotion_evaluation"),
    "everything truncated": lambda e: e.run(
        "TRUNCATE engine.promotion_evaluation, engine.processed_order,"
        " engine.order_promotion_line"
    ),
    "many at once": many_at_once,
    "an order's total": of_order("A1", amount_total="21.00"),
    "an order to a first order": of_order("A5", is_first_order=True),
    "an event to another instant": of_event("join", occurred_at="2017-03-01 00:00Z"),
    "an event to another month": of_event("upgrade", occurred_at="2017-06-01 00:00Z"),
    "an event to another level": of_event("downgrade", to_membership_product_id=3),
    "an event to another customer": of_event("upgrade", partner_id=8),
    "an event to another type": of_event("downgrade", event_type="cancel"),
    "an event's own id": of_event("upgrade", id=5),
    "an event refused": of_event("join", to_membership_product_id=None),
    "a new event before all others": lambda e: e.membership(
        "join", 2, "2017-01-01 00:00Z"
    ),
    "a first event of a customer": lambda e: e.membership(
        "join", 2, "2017-01-01 00:00Z", partner_id=9
    ),
    "a level not known before": of_event("renew", to_membership_product_id=9),
    "a deletion of an event": without(EVENTS, "event_type", "downgrade"),
    "truncated events": lambda e: e.run("TRUNCATE engine.membership_event"),
    "points": of_points("redeem", points_amount="5.5"),
    "points to another type": of_points("expire", transaction_type="adjust"),
    "points to another card": of_points("redeem", card_id=2),
    "points to another program": of_points("redeem", program_id=2),
    "points to another customer": of_points("redeem", partner_id=8),
    "points to another hour": of_points("redeem", occurred_at="2017-04-20 16:00Z"),
    "points to another month": of_points("expire", occurred_at="2017-09-01 03:00Z"),
    "points before all others": of_points("adjust", occurred_at="2017-01-01 03:00Z"),
    "an order's points to another order": of_points("redeem", order_id="A1"),
    "an order's points to a voided order": of_points("redeem", order_id="A7"),
    "an order's points to no order": of_points("redeem", order_id=None),
    "an order's points to an order not known": of_points("redeem", order_id="none"),
    "a booking to an order": of_points("expire", order_id="A1"),
    "a booking refused": of_points("expire", points_amount="NaN"),
    "an order's points refused": of_points("redeem", card_id=None),
    "an opening": lambda e: e.run(
        "UPDATE engine.point_transaction SET balance_after = 3 WHERE order_id = 'A1'"
    ),
    "a reverse to nothing known": of_points("reverse", reverses_id=404),
    "a row's own id": of_points("expire", id=5),
    "a deletion of a booking": without(POINTS, "transaction_type", "adjust"),
    "a deletion of an order's points": without(POINTS, "transaction_type", "redeem"),
    "a deletion of what is reversed": lambda e: e.run(
        "DELETE FROM engine.point_transaction WHERE order_id = 'A1'"
    ),
    "a truncated ledger": lambda e: e.run("TRUNCATE engine.point_transaction"),
    "a level's name": lambda e: e.change("membership_product", 1, level="Iron"),
    "a program's name": lambda e: e.change("program", 1, name="Winter"),
    "a program's type": lambda e: e.change("program", 1, program_type="promotion"),
}

OF_ROWS = (
    "a line to another order",
    "a line to no order",
    "a line's own id",
    "an order's evaluations to no order",
    "a deletion of a line",
    "a deletion of an only line",
    "a deletion of evaluations",
    "a deletion of a whole document",
    "an order's points to another order",
    "an order's points to no order",
    "a booking to an order",
    "a deletion of a booking",
    "a deletion of an order's points",
    "a deletion of an event",
)
