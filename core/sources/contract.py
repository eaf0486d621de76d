"""The engine's contract: tables, columns, and the kinds of type they may have."""

INTEGER = "integer"
TEXT = "text"
NUMBER = "numeric"
INSTANT = "timestamp with time zone"
DAY = "date"
BOOLEAN = "boolean"
XID = "xid8"

# PostgreSQL's type oids that can be read without a loss. A float is not a number
# here: money must not pass through binary floating point.
OIDS = {
    INTEGER: {20, 21, 23},
    TEXT: {19, 25, 1042, 1043},
    NUMBER: {1700, 20, 21, 23},
    INSTANT: {1184},
    DAY: {1082, 1114, 1184},
    BOOLEAN: {16},
    XID: {5069},
}

# Columns in the order of the staging tables, with the marks of the cursor last.
PROGRAM = {
    "id": INTEGER,
    "name": TEXT,
    "program_type": TEXT,
    "active": BOOLEAN,
    "valid_from": DAY,
    "valid_to": DAY,
    "version": INTEGER,
    "txid": XID,
}
ORDER = {
    "id": TEXT,
    "partner_id": INTEGER,
    "store_id": INTEGER,
    "channel": TEXT,
    "ordered_at": INSTANT,
    "amount_total": NUMBER,
    "currency": TEXT,
    "is_first_order": BOOLEAN,
    "state": TEXT,
    "refund_of": TEXT,
    "company_id": INTEGER,
    "version": INTEGER,
    "txid": XID,
}
LINE = {
    "id": INTEGER,
    "order_id": TEXT,
    "program_id": INTEGER,
    "product_id": INTEGER,
    "qty": NUMBER,
    "amount": NUMBER,
    "discount": NUMBER,
    "points_earned": NUMBER,
    "points_redeemed": NUMBER,
    "version": INTEGER,
    "txid": XID,
}
EVALUATION = {
    "id": INTEGER,
    "order_id": TEXT,
    "program_id": INTEGER,
    "partner_id": INTEGER,
    "evaluated_at": INSTANT,
    "outcome": TEXT,
    "reason": TEXT,
    "version": INTEGER,
    "txid": XID,
}
MEMBERSHIP_PRODUCT = {
    "id": INTEGER,
    "name": TEXT,
    "level": TEXT,
    "rank": INTEGER,
    "version": INTEGER,
    "txid": XID,
}
MEMBERSHIP_EVENT = {
    "id": INTEGER,
    "partner_id": INTEGER,
    "order_id": TEXT,
    "event_type": TEXT,
    "from_membership_product_id": INTEGER,
    "to_membership_product_id": INTEGER,
    "occurred_at": INSTANT,
    "version": INTEGER,
    "company_id": INTEGER,
    "txid": XID,
}
POINT_CARD = {
    "id": INTEGER,
    "program_id": INTEGER,
    "partner_id": INTEGER,
    "membership_product_id": INTEGER,
    "active": BOOLEAN,
    "version": INTEGER,
    "txid": XID,
}
POINT_TRANSACTION = {
    "id": INTEGER,
    "seq": INTEGER,
    "card_id": INTEGER,
    "partner_id": INTEGER,
    "program_id": INTEGER,
    "transaction_type": TEXT,
    "points_amount": NUMBER,
    "balance_after": NUMBER,
    "occurred_at": INSTANT,
    "expires_at": INSTANT,
    "origin": TEXT,
    "order_id": TEXT,
    "reverses_id": INTEGER,
    "version": INTEGER,
    "company_id": INTEGER,
    "txid": XID,
}
DELETED = {"table_name": TEXT, "key": TEXT, "txid": XID}

TABLES = {
    "program": PROGRAM,
    "membership_product": MEMBERSHIP_PRODUCT,
    "point_card": POINT_CARD,
    "processed_order": ORDER,
    "order_promotion_line": LINE,
    "promotion_evaluation": EVALUATION,
    "point_transaction": POINT_TRANSACTION,
    "membership_event": MEMBERSHIP_EVENT,
    "deleted": DELETED,
}
# What a source need not give: without it, a row without an order belongs to the only
# company that its source feeds.
OPTIONAL = {("membership_event", "company_id"), ("point_transaction", "company_id")}
# Table → the staging table that takes its rows, column by column.
STAGES = {
    "program": "stage_program",
    "membership_product": "stage_membership_product",
    "point_card": "stage_card",
    "processed_order": "stage_order",
    "order_promotion_line": "stage_line",
    "promotion_evaluation": "stage_evaluation",
    "point_transaction": "stage_point",
    "membership_event": "stage_membership_event",
}
DIMENSIONS = ("program", "membership_product", "point_card")

# What is read, versioned, replaced and deleted as a whole.
ORDER_DOCUMENT, MEMBERSHIP_DOCUMENT, POINT_DOCUMENT = "order", "membership", "points"
# Kind of document → its tables → the column with the document's key. A point row
# belongs to its order; one without an order is a document of its own.
DOCUMENTS = {
    MEMBERSHIP_DOCUMENT: {"membership_event": "id"},
    ORDER_DOCUMENT: {
        "processed_order": "id",
        "order_promotion_line": "order_id",
        "promotion_evaluation": "order_id",
        "point_transaction": "order_id",
    },
    POINT_DOCUMENT: {"point_transaction": "id"},
}
# Tables that tell when a document happened → the column that says it.
INSTANTS = {
    "processed_order": "ordered_at",
    "promotion_evaluation": "evaluated_at",
    "point_transaction": "occurred_at",
    "membership_event": "occurred_at",
}


def default_queries(schema="engine"):
    """Return the extraction query of each table, as the contract names them."""
    return {table: f"SELECT * FROM {schema}.{table}" for table in TABLES}


def columns(table, given=None):
    """Return the columns that are staged: all but the cursor's mark.

    :param given: the columns that the extraction query gives; all by default
    """
    return ", ".join(
        _column(name, kind, given is None or name in given)
        for name, kind in TABLES[table].items()
        if kind != XID
    )


def _column(name, kind, is_given):
    if not is_given:
        return f"NULL AS {name}"
    # char(n) would bring its padding along.
    return f"q.{name}::text" if kind == TEXT else f"q.{name}"
