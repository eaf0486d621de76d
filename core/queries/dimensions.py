"""What reports are told apart and restricted by: programs, stores, levels and so on."""

from dataclasses import replace

from ..database import sql
from ..texts import _
from .base import Column, Dimension, Filter, Kind

_INTEGER, _TEXT = Kind.INTEGER, Kind.TEXT

PROGRAM = Dimension(
    "program",
    "program_key",
    (
        Column(
            "program_id", _("Program id"), _("The engine's number of it."), _INTEGER
        ),
        Column("program_name", _("Program"), _("Its name today."), _TEXT),
    ),
    "SELECT id, external_id, name FROM loyalty_reporting_program",
)
PROGRAM_TYPE = Dimension(
    "program_type",
    "program_key",
    (
        Column(
            "program_type", _("Program type"), _("Of its programs today."), _TEXT, True
        ),
    ),
    "SELECT id, program_type FROM loyalty_reporting_program",
    is_identity=False,
)
STORE = Dimension(
    "store",
    "shop_key",
    (
        Column(
            "store_id", _("Store id"), _("The engine's number of it."), _INTEGER, True
        ),
        Column("store_name", _("Store"), _("Its name today."), _TEXT, True),
    ),
    "SELECT id, external_id, name FROM loyalty_reporting_shop"
    " UNION ALL SELECT 0, NULL, NULL",
)
CHANNEL = Dimension(
    "channel",
    "channel",
    (
        Column(
            "channel", _("Channel"), _("As the engine writes it; may be empty."), _TEXT
        ),
    ),
)
LEVEL = Dimension(
    "level",
    "membership_product_key",
    (
        Column(
            "membership_level", _("Level"), _("Level of the membership product."), _TEXT
        ),
    ),
    "SELECT id, level FROM loyalty_reporting_membership_product",
    is_identity=False,
)
MEMBERSHIP_PRODUCT = Dimension(
    "membership_product",
    "membership_product_key",
    (
        Column(
            "membership_product_id", _("Product id"), _("The engine's number of it."),
            _INTEGER,
        ),
        Column("membership_product_name", _("Product"), _("Its name today."), _TEXT),
    ),
    "SELECT id, external_id, name FROM loyalty_reporting_membership_product",
)  # fmt: skip
TRANSACTION_TYPE = Dimension(
    "transaction_type",
    "transaction_type",
    (
        Column(
            "transaction_type", _("Type"), _("earn, redeem, expire, adjust or reverse."),
            _TEXT,
        ),
    ),
)  # fmt: skip


def _visible(members, facts, key):
    """Return the SQL of (value, key) of what the company may know of."""
    return sql("queries/visible.sql", members=members, facts=facts, key=key)


def _named(members, visible):
    """Return the SQL of (value, name) of what the company may know of."""
    return f"""
        SELECT p.external_id, p.name FROM {members} p
        WHERE p.id IN (SELECT visible.id FROM ({visible}) visible)"""


_PROGRAMS, _SHOPS = "loyalty_reporting_program", "loyalty_reporting_shop"
_PRODUCTS = "loyalty_reporting_membership_product"
_SOLD = _visible(_PROGRAMS, "promotion_day_data", "program_key")
# A programme of points may have no sales.
_BOOKED = _visible(
    _PROGRAMS,
    "(SELECT company_id, program_key FROM promotion_day_data UNION ALL"
    " SELECT company_id, program_key FROM point_day_data)",
    "program_key",
)
_HELD = _visible(_PRODUCTS, "membership_analytics_data", "membership_product_key")
_SOLD_IN = _visible(_SHOPS, "promotion_performance_data", "shop_key")

OF_PROGRAM = Filter(
    "program_id",
    "Programs, by the engine's number; one of another company is not found.",
    "program_key",
    _INTEGER,
    _SOLD,
    noun="program",
    label=_("Program"),
    names=_named(_PROGRAMS, _SOLD),
)
OF_LEDGER_PROGRAM = replace(OF_PROGRAM, keys=_BOOKED, names=_named(_PROGRAMS, _BOOKED))
OF_PROGRAM_TYPE = Filter(
    "program_type",
    "Types of programs, as the engine names them.",
    "program_key",
    _TEXT,
    "SELECT program_type, id FROM loyalty_reporting_program"
    " WHERE program_type = ANY(%(ids)s)",
    label=_("Program type"),
)
OF_STORE = Filter(
    "store_id",
    "Stores, by the engine's number.",
    "shop_key",
    _INTEGER,
    "SELECT external_id, id FROM loyalty_reporting_shop WHERE external_id = ANY(%(ids)s)",
    label=_("Store"),
    names=_named(_SHOPS, _SOLD_IN),
)
OF_CHANNEL = Filter(
    "channel", "Sales channels, as written.", "channel", _TEXT, label=_("Channel")
)
OF_MEMBERSHIP_PRODUCT = Filter(
    "membership_product_id",
    "Membership products, by the engine's number; an unknown one is not found.",
    "membership_product_key",
    _INTEGER,
    _HELD,
    noun="membership product",
    label=_("Product"),
    names=_named(_PRODUCTS, _HELD),
)
OF_LEVEL = Filter(
    "membership_level",
    "Levels of membership products.",
    "membership_product_key",
    _TEXT,
    "SELECT level, id FROM loyalty_reporting_membership_product"
    " WHERE level = ANY(%(ids)s)",
    label=_("Level"),
)
OF_TYPE = Filter(
    "transaction_type",
    "Types of transactions; a reverse is a type of its own, whatever it takes back.",
    "transaction_type",
    _TEXT,
    choices=("earn", "redeem", "expire", "adjust", "reverse"),
    label=_("Type"),
)
OF_CARD = Filter(
    "card_id",
    "Point cards, by the engine's number.",
    "card_key",
    _INTEGER,
    "SELECT external_id, id FROM loyalty_reporting_card WHERE external_id = ANY(%(ids)s)",
    label=_("Card"),
)
OF_PARTNER = Filter(
    "partner_id",
    "Customers, by the engine's number.",
    "customer_key",
    _INTEGER,
    "SELECT external_id, id FROM loyalty_reporting_customer"
    " WHERE external_id = ANY(%(ids)s)",
    label=_("Customer"),
)
