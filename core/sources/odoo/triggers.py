"""Triggers on Odoo's tables: how a change is seen.

``write_date`` is no cursor: it is the instant at which a transaction began, raw SQL
leaves it as it is, and a deleted record has none. Statement-level triggers note which
documents a transaction touched, and are read by the rule of the engine's cursor.
"""

from ...database import sql

_EVENTS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}
_POS = "CASE order_model WHEN 'pos.order' THEN order_id END"
_SALE = "CASE order_model WHEN 'sale.order' THEN order_id END"
# Table → the documents of its rows, as (table that stands for them, their column).
_NOTES = {
    "pos_order": [("pos_order", "id")],
    "pos_order_line": [("pos_order", "order_id")],
    "sale_order": [("sale_order", "id")],
    "sale_order_line": [("sale_order", "order_id")],
    "loyalty_history": [
        ("pos_order", _POS),
        ("sale_order", _SALE),
        ("loyalty_history", "id"),
    ],
    "loyalty_card": [("loyalty_card", "id")],
    "loyalty_program": [("loyalty_program", "id")],
}
# A card's later balances depend on each of its rows.
_REWRITTEN = {"loyalty_history": [("loyalty_card", "card_id")]}
_MOVABLE = {"pos_order_line": "pos_order", "sale_order_line": "sale_order"}


def install(cr, features):
    """Put the triggers on the tables that are there; again, if need be.

    :param cr: a cursor of Odoo or of psycopg2, which may change tables
    :param features: :class:`~.features.Features` of this database
    """
    cr.execute(sql("sources/odoo/schema.sql"))
    for table, notes in _notes(features).items():
        _watch(cr, table, notes)
    for table, document in _MOVABLE.items():
        cr.execute(sql("sources/odoo/moved.sql", table=table, document=document))
    cr.execute(sql("sources/odoo/card_trigger.sql"))
    cr.execute(
        "CREATE INDEX IF NOT EXISTS loyalty_reporting_history_order_idx"
        " ON loyalty_history (order_model, order_id)"
    )
    if features.grades:
        cr.execute(sql("sources/odoo/grade_trigger.sql"))


def remove(cr):
    """Take the triggers and their functions away; what they noted stays."""
    cr.execute(sql("sources/odoo/remove.sql"))


def drop(cr):
    """Remove everything, with the history of levels."""
    remove(cr)
    cr.execute(
        "DROP TABLE IF EXISTS loyalty_reporting_change, loyalty_reporting_grade_change"
    )


def missing(cr, features):
    """Return the tables that should be watched and are not."""
    cr.execute(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
        " WHERE tgname = 'loyalty_reporting_update' AND tgenabled <> 'D'"
    )
    watched = {name for (name,) in cr.fetchall()}
    wanted = {*_notes(features), *(["res_partner"] if features.grades else [])}
    return sorted(wanted - watched)


def _notes(features):
    notes = dict(_NOTES)
    if features.settling:
        settled = ("sale_order", "sale_order_origin_id")
        notes["pos_order_line"] = [*notes["pos_order_line"], settled]
    if features.grades:
        notes["res_partner_grade"] = [("res_partner_grade", "id")]
    return notes


def _watch(cr, table, notes):
    rewritten = notes + _REWRITTEN.get(table, [])
    _function(cr, table, notes)
    _function(cr, f"{table}_rewritten", rewritten)
    for event, side in _EVENTS.items():
        name = table if event == "insert" else f"{table}_rewritten"
        if (table, event) != ("loyalty_card", "update"):
            fragments = {"event": event, "table": table, "side": side, "function": name}
            cr.execute(sql("sources/odoo/attach.sql", **fragments))
    cr.execute(sql("sources/odoo/truncate.sql", table=table))


def _function(cr, name, notes):
    touched = " UNION ALL ".join(
        f"SELECT DISTINCT '{document}', {column} FROM touched WHERE {column} IS NOT NULL"
        for document, column in notes
    )
    cr.execute(sql("sources/odoo/trigger.sql", function=name, touched=touched))
