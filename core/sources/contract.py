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
    "currency": TEXT,
    "state": TEXT,
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
DELETED = {"table_name": TEXT, "key": TEXT, "txid": XID}

TABLES = {
    "program": PROGRAM,
    "processed_order": ORDER,
    "order_promotion_line": LINE,
    "promotion_evaluation": EVALUATION,
    "deleted": DELETED,
}


def default_queries(schema="engine"):
    """Return the extraction query of each table, as the contract names them."""
    return {table: f"SELECT * FROM {schema}.{table}" for table in TABLES}


def columns(table):
    """Return the columns that are staged: all but the cursor's mark."""
    return ", ".join(
        # char(n) would bring its padding along.
        f"q.{name}::text" if kind == TEXT else f"q.{name}"
        for name, kind in TABLES[table].items()
        if kind != XID
    )
