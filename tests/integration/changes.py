"""Corrections and deletions in an engine, by name: each a function of the engine."""

LINES = "order_promotion_line"
ORDERS = "processed_order"
EVALUATIONS = "promotion_evaluation"


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


def whole_document_goes(engine):
    for table in (LINES, EVALUATIONS):
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
)
