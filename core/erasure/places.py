"""Where identifiers stand in the reporting database, and how they leave it.

Each function can be repeated: what is done already is found no more.
"""

import json

from ..stores.partitions import name_of
from .pseudonyms import CARD, CUSTOMER, scrubbed

# Table of detail → (kind of identifier, its column, the column of the key beside it).
DETAIL = {
    "promotion_report_detail_data": ((CUSTOMER, "partner_id", "customer_key"),),
    "customer_order_data": ((CUSTOMER, "partner_id", "customer_key"),),
    "membership_event_data": ((CUSTOMER, "partner_id", "customer_key"),),
    "point_analytics_data": (
        (CUSTOMER, "partner_id", "customer_key"),
        (CARD, "card_id", "card_key"),
    ),
    # How cards stood when their bookings were archived.
    "card_past": ((CARD, "card_id", "card_key"),),
    "card_lot": ((CARD, "card_id", "card_key"),),
}
# Table → columns with rows as they were delivered or compared.
LETTERS, DIFFERENCES = "loyalty_reporting_dead_letter", "loyalty_reporting_difference"
TEXTS = {
    LETTERS: ("raw", "row_key", "document_key"),
    DIFFERENCES: ("expected", "kept", "row_key"),
}
# Of letters about this table alone, the key is an identifier; of others it is an order's,
# a line's: the same number means something else there.
_OF_CARDS, _KEYS = "point_card", ("row_key", "document_key")
_TYPES = {"expected": "jsonb", "kept": "jsonb"}
_SYSTEM = {LETTERS: "source", DIFFERENCES: "NULL::text"}
# Documents that wait whole are loaded as they stand there: no other number may change.
_IS_WHOLE = {LETTERS: "road IS NOT NULL", DIFFERENCES: "false"}
_PARTITIONS = """
    SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent = %s::regclass ORDER BY 1
"""
# Tables with what was asked of reports → the type of the column ``parameters``.
ASKED = {
    "loyalty_reporting_export_job": "jsonb",
    "loyalty_reporting_export_log": "text",
    "loyalty_reporting_subscription": "jsonb",
}
# Who writes a file sees that it is not its own any more, and it is begun anew.
_TAKE_FILES = """
    WITH files AS (
        SELECT id, file_name FROM loyalty_reporting_export_job
        WHERE file_name IS NOT NULL FOR UPDATE
    )
    UPDATE loyalty_reporting_export_job j SET file_name = NULL,
        state = CASE state WHEN 'done' THEN 'expired' WHEN 'running' THEN 'queued'
                           ELSE state END
    FROM files WHERE files.id = j.id
    RETURNING files.file_name
"""
# A digest of what was asked tells it to whoever tries all numbers.
_FORGET_DIGEST = """
    UPDATE loyalty_reporting_export_job SET digest = NULL, idempotency_key = NULL
    WHERE id = %s
"""
_KINDS = {"partner_id": CUSTOMER, "card_id": CARD}


def scrub_detail(connection, who, month=None):
    """Replace identifiers in the detail, a partition at a time. Returns the rows.

    :param month: first day of the one month whose partitions are meant; None: all
    """
    changed = 0
    for table, columns in DETAIL.items():
        with connection, connection.cursor() as cr:
            cr.execute(_PARTITIONS, [table])
            partitions = [name for (name,) in cr.fetchall()] or [table]
        if month and partitions != [table]:
            own = name_of(table, month)
            partitions = [name for name in partitions if name == own]
        for partition in partitions:
            with connection, connection.cursor() as cr:
                for kind, column, key in columns:
                    cr.execute(
                        f"UPDATE {partition} SET {column} = -{key}"
                        f" WHERE {key} = ANY(%s) AND {column} = ANY(%s)",
                        [who.keys(kind), who.numbers(kind)],
                    )
                    changed += cr.rowcount
    return changed


def count_detail(cr, who):
    """Return how many rows of detail hold an identifier still."""
    counts = [
        cr.mogrify(
            f"(SELECT count(*) FROM {table} WHERE {key} = ANY(%s) AND {column} = ANY(%s))",
            [who.keys(kind), who.numbers(kind)],
        ).decode()
        for table, columns in DETAIL.items()
        for kind, column, key in columns
    ]
    cr.execute("SELECT " + " + ".join(counts))
    return cr.fetchone()[0]


def scrub_texts(connection, who, table):
    """Replace identifiers in rows that are kept as texts. Returns the rows."""
    with connection, connection.cursor() as cr:
        texts = _texts(cr, who, table)
        sets = ", ".join(f"{c} = %s::{_TYPES.get(c, 'text')}" for c in TEXTS[table])
        for number, _old, new in texts:
            cr.execute(f"UPDATE {table} SET {sets} WHERE id = %s", [*new, number])
    return len(texts)


def count_texts(cr, who):
    """Return how many such rows hold an identifier still."""
    return sum(len(_texts(cr, who, table)) for table in TEXTS)


def _texts(cr, who, table):
    """Return (id, texts as they are, texts as they must be) of rows that must change."""
    columns = TEXTS[table]
    casts = ", ".join(f"{column}::text" for column in columns)
    some = " OR ".join(f"{column}::text ~ %(pattern)s" for column in columns)
    cr.execute(
        f"SELECT id, table_name, {_SYSTEM[table]}, {_IS_WHOLE[table]}, {casts}"
        f" FROM {table} WHERE {some} FOR UPDATE",
        {"pattern": who.pattern},
    )
    found = []
    for number, about, system, is_whole, *old in cr.fetchall():
        pseudonym_of = (who.of(system) if system else who).pseudonym_of
        stay = _KEYS if table == LETTERS and about != _OF_CARDS else ()
        new = [
            text
            if not text or column in stay
            else scrubbed(text, pseudonym_of, is_whole=is_whole)
            for column, text in zip(columns, old, strict=True)
        ]
        if new != old:
            found.append((number, old, new))
    return found


def scrub_exports(connection, who, remove):
    """Take the files of exports away, and identifiers out of what was asked for.

    Nothing tells whom a file names, and it would be gone within days.

    :param remove: function that removes a file by its name; also one that is gone
    :return: files and rows
    """
    changed = 0
    with connection, connection.cursor() as cr:
        if not _is_odoo(cr):
            return 0
        for table, kind in ASKED.items():
            for number, new in _asked(cr, who, table):
                cr.execute(
                    f"UPDATE {table} SET parameters = %s::{kind} WHERE id = %s",
                    [new, number],
                )
                if table == "loyalty_reporting_export_job":
                    cr.execute(_FORGET_DIGEST, [number])
                changed += 1
        cr.execute(_TAKE_FILES)
        files = [name for (name,) in cr.fetchall()]
        # Before the commit: what is removed twice, after a crash, is removed.
        for name in files:
            remove(name)
    return changed + len(files)


def count_asked(cr, who):
    """Return how many questions hold an identifier still."""
    return sum(len(_asked(cr, who, table)) for table in ASKED if _is_odoo(cr))


def _is_odoo(cr):
    """Tell whether the tables that Odoo's models own are here."""
    cr.execute("SELECT to_regclass('loyalty_reporting_export_job') IS NOT NULL")
    return cr.fetchone()[0]


def _asked(cr, who, table):
    """Return (id, parameters as they must be) of questions that must change."""
    cr.execute(
        f"SELECT id, parameters::text FROM {table} WHERE parameters::text ~ %s",
        [who.pattern],
    )
    found = []
    for number, text in cr.fetchall():
        asked = json.loads(text)
        new = {name: _values(name, value, who) for name, value in asked.items()}
        if new != asked:
            found.append((number, json.dumps(new, ensure_ascii=False)))
    return found


def _values(name, value, who):
    if name not in _KINDS:
        return value
    if isinstance(value, list):
        return [_values(name, one, who) for one in value]
    if "," in str(value):
        return ",".join(_values(name, one, who) for one in value.split(","))
    is_number = str(value).lstrip("-").isdigit()
    pseudonym = who.pseudonym_of(_KINDS[name], int(value)) if is_number else None
    return value if pseudonym is None else type(value)(pseudonym)
