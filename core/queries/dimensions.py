"""What reports are told apart and restricted by: programs, stores, levels and so on."""

from dataclasses import replace

from ..database import sql
from .base import Column, Dimension, Filter, Kind

_INTEGER, _TEXT = Kind.INTEGER, Kind.TEXT

PROGRAM = Dimension(
    "program",
    "program_key",
    (
        Column("program_id", "Program id", "The engine's number of it.", _INTEGER),
        Column("program_name", "Program", "Its name today.", _TEXT),
    ),
    "SELECT id, external_id, name FROM loyalty_reporting_program",
)
PROGRAM_TYPE = Dimension(
    "program_type",
    "program_key",
    (Column("program_type", "Program type", "Of its programs today.", _TEXT, True),),
    "SELECT id, program_type FROM loyalty_reporting_program",
    is_identity=False,
)
STORE = Dimension(
    "store",
    "shop_key",
    (
        Column("store_id", "Store id", "The engine's number of it.", _INTEGER, True),
        Column("store_name", "Store", "Its name today.", _TEXT, True),
    ),
    "SELECT id, external_id, name FROM loyalty_reporting_shop"
    " UNION ALL SELECT 0, NULL, NULL",
)
CHANNEL = Dimension(
    "channel",
    "channel",
    (Column("channel", "Channel", "As the engine writes it; may be empty.", _TEXT),),
)
LEVEL = Dimension(
    "level",
    "membership_product_key",
    (Column("membership_level", "Level", "Level of the membership product.", _TEXT),),
    "SELECT id, level FROM loyalty_reporting_membership_product",
    is_identity=False,
)
MEMBERSHIP_PRODUCT = Dimension(
    "membership_product",
    "membership_product_key",
    (
        Column(
            "membership_product_id", "Product id", "The engine's number of it.",
            _INTEGER,
        ),
        Column("membership_product_name", "Product", "Its name today.", _TEXT),
    ),
    "SELECT id, external_id, name FROM loyalty_reporting_membership_product",
)  # fmt: skip
TRANSACTION_TYPE = Dimension(
    "transaction_type",
    "transaction_type",
    (
        Column(
            "transaction_type", "Type", "earn, redeem, expire, adjust or reverse.",
            _TEXT,
        ),
    ),
)  # fmt: skip

OF_PROGRAM = Filter(
    "program_id",
    "Programs, by the engine's number; one of another company is not found.",
    "program_key",
    _INTEGER,
    sql(
        "queries/visible.sql",
        members="loyalty_reporting_program",
        facts="promotion_day_data",
        key="program_key",
    ),
    noun="program",
)
# A programme of points may have no sales.
OF_LEDGER_PROGRAM = replace(
    OF_PROGRAM,
    keys=sql(
        "queries/visible.sql",
        members="loyalty_reporting_program",
        facts="(SELECT company_id, program_key FROM promotion_day_data UNION ALL"
        " SELECT company_id, program_key FROM point_analytics_rollup_data)",
        key="program_key",
    ),
)
OF_PROGRAM_TYPE = Filter(
    "program_type",
    "Types of programs, as the engine names them.",
    "program_key",
    _TEXT,
    "SELECT program_type, id FROM loyalty_reporting_program"
    " WHERE program_type = ANY(%(ids)s)",
)
OF_STORE = Filter(
    "store_id",
    "Stores, by the engine's number.",
    "shop_key",
    _INTEGER,
    "SELECT external_id, id FROM loyalty_reporting_shop WHERE external_id = ANY(%(ids)s)",
)
OF_CHANNEL = Filter("channel", "Sales channels, as written.", "channel", _TEXT)
OF_MEMBERSHIP_PRODUCT = Filter(
    "membership_product_id",
    "Membership products, by the engine's number; an unknown one is not found.",
    "membership_product_key",
    _INTEGER,
    sql(
        "queries/visible.sql",
        members="loyalty_reporting_membership_product",
        facts="membership_analytics_data",
        key="membership_product_key",
    ),
    noun="membership product",
)
OF_LEVEL = Filter(
    "membership_level",
    "Levels of membership products.",
    "membership_product_key",
    _TEXT,
    "SELECT level, id FROM loyalty_reporting_membership_product"
    " WHERE level = ANY(%(ids)s)",
)
OF_TYPE = Filter(
    "transaction_type",
    "Types of transactions; a reverse is a type of its own, whatever it takes back.",
    "transaction_type",
    _TEXT,
    choices=("earn", "redeem", "expire", "adjust", "reverse"),
)
OF_CARD = Filter(
    "card_id",
    "Point cards, by the engine's number.",
    "card_key",
    _INTEGER,
    "SELECT external_id, id FROM loyalty_reporting_card WHERE external_id = ANY(%(ids)s)",
)
OF_PARTNER = Filter(
    "partner_id",
    "Customers, by the engine's number.",
    "customer_key",
    _INTEGER,
    "SELECT external_id, id FROM loyalty_reporting_customer"
    " WHERE external_id = ANY(%(ids)s)",
)
