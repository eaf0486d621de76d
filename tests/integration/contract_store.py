"""What a copy of the facts must be, whichever store holds it: equal, row by row."""

from dataclasses import dataclass
from decimal import Decimal

import databases

# What the views must offer at least (API.md, section SQL).
API_COLUMNS = {
    "promotion_performance": (
        "program_id program_name program_type date hour total_transactions total_qty"
        " total_amount total_discount avg_transaction_value unique_customers"
        " conversion_rate"
    ),
    "membership_analytics": (
        "membership_product_id membership_level date new_members active_members"
        " upgraded_members downgraded_members total_spending avg_spending"
        " total_points_earned total_points_redeemed"
    ),
    "point_analytics": (
        "card_id partner_id date hour points_earned points_redeemed points_expired"
        " balance transaction_type"
    ),
}


@dataclass(frozen=True)
class Facts:
    """A table of facts, compared column by column.

    :ivar keys: columns that are the same in both stores
    :ivar sums: columns that ClickHouse holds as whole ten-thousandths
    :ivar flags: columns that are true or false
    :ivar nullable: keys of which ClickHouse holds 0 for NULL
    :ivar source: its name in PostgreSQL, if it is another
    """

    table: str
    keys: str
    sums: str
    flags: str = ""
    nullable: str = ""
    source: str = ""

    def of_postgresql(self):
        columns = [
            *self.keys.split(),
            *(f"coalesce({name}, 0)" for name in self.nullable.split()),
            *(f"{name}::integer" for name in self.flags.split()),
            *(f"{name} * 10000" for name in self.sums.split()),
        ]
        return f"SELECT {', '.join(columns)} FROM {self.source or self.table}"

    def of_clickhouse(self):
        """The query that every reader must use."""
        names = f"{self.keys} {self.nullable} {self.flags}".split()
        columns = [*names, *(f"{name}_e4" for name in self.sums.split())]
        current = "FINAL WHERE is_deleted = 0"
        return f"SELECT {', '.join(columns)} FROM {self.table} {current}"


@dataclass(frozen=True)
class View:
    """A view, API.md's columns first, then ours.

    :ivar columns: the same in both stores
    :ivar converted: {column of ClickHouse: what it is in PostgreSQL}
    :ivar source: its name in PostgreSQL, if it is another
    """

    name: str
    columns: str
    converted: dict
    source: str = ""

    def of_postgresql(self):
        columns = ", ".join((*self.columns.split(), *self.converted.values()))
        return f"SELECT {columns} FROM {self.source or self.name}"

    def of_clickhouse(self):
        columns = ", ".join((*self.columns.split(), *self.converted))
        return f"SELECT {columns} FROM {self.name}"


PARTS = {
    "orders": Facts(
        "promotion_order_data",
        "order_key program_key first_month load_id company_id shop_key channel date"
        " hour line_count",
        "qty amount discount points_earned points_redeemed",
        flags="is_refund is_eligible is_applied is_rejected",
        nullable="customer_key",
    ),
    "rollup": Facts(
        "promotion_performance_data",
        "company_id program_key date hour shop_key channel load_id total_transactions"
        " refund_transactions eligible_transactions applied_transactions"
        " rejected_transactions unique_customers",
        "total_qty total_amount total_discount gross_qty gross_amount gross_discount"
        " points_earned points_redeemed",
    ),
    "membership": Facts(
        "membership_analytics_data",
        "company_id membership_product_key date load_id new_members active_members"
        " upgraded_members downgraded_members member_change total_transactions"
        " refund_transactions",
        "total_spending gross_spending total_points_earned total_points_redeemed"
        " total_points_expired total_points_adjusted",
    ),
    "customer days": Facts(
        "customer_day_data",
        "customer_key date company_id membership_product_key load_id transactions"
        " refund_transactions member_change",
        "spending gross_spending points_earned points_redeemed points_expired"
        " points_adjusted",
        flags="is_joined is_upgraded is_downgraded",
    ),
    "points": Facts(
        "point_analytics_data",
        "card_key hour transaction_type company_id program_key customer_key date"
        " load_id transactions",
        "points_earned points_redeemed points_expired points_adjusted balance"
        " balance_change",
        source="point_analytics_rollup_data",
    ),
    "view": View(
        "promotion_performance",
        "program_id program_name date hour total_transactions total_qty total_amount"
        " total_discount avg_transaction_value unique_customers company_id channel"
        " refund_transactions eligible_transactions applied_transactions"
        " rejected_transactions gross_qty gross_amount gross_discount points_earned"
        " points_redeemed",
        {
            "program_type": "coalesce(program_type, '')",
            "conversion_rate": "conversion_rate::float8",
            "store_id": "coalesce(store_id, 0)",
        },
    ),
    "membership view": View(
        "membership_analytics",
        "membership_product_id membership_level date new_members active_members"
        " upgraded_members downgraded_members total_spending avg_spending"
        " total_points_earned total_points_redeemed company_id total_points_expired"
        " total_points_adjusted total_transactions refund_transactions gross_spending",
        {},
    ),
    "points view": View(
        "point_analytics",
        "card_id date hour points_earned points_redeemed points_expired balance"
        " transaction_type company_id program_id points_adjusted transactions"
        " balance_change",
        {"partner_id": "coalesce(partner_id, 0)"},
        source="point_analytics_rollup",
    ),
}
# The customers that facts name; there may be others, of facts that are gone.
_CUSTOMERS = (
    "SELECT id, external_id FROM loyalty_reporting_customer WHERE id IN ("
    " SELECT customer_key FROM customer_day_data UNION"
    " SELECT customer_key FROM promotion_order_data)",
    "SELECT customer_key, partner_id FROM customer_data FINAL",
)


def of_postgresql(report):
    """{part: sorted rows} of a reporting database."""
    return {
        name: _sorted(databases.rows(report, part.of_postgresql()))
        for name, part in PARTS.items()
    }


def of_clickhouse(copy):
    """{part: sorted rows} of the copy, read as every reader must."""
    return {
        name: _sorted(copy.rows(part.of_clickhouse())) for name, part in PARTS.items()
    }


def assert_equal(report, copy):
    """The copy holds what PostgreSQL holds, once each, and knows its customers."""
    expected, actual = of_postgresql(report), of_clickhouse(copy)
    for name, rows in expected.items():
        if rows != actual[name]:
            missing = set(rows) - set(actual[name])
            extra = set(actual[name]) - set(rows)
            raise AssertionError(
                f"{name}: {len(rows)} rows expected, {len(actual[name])} found\n"
                f"missing {len(missing)}: {sorted(missing, key=repr)[:3]}\n"
                f"too many {len(extra)}: {sorted(extra, key=repr)[:3]}"
            )
    named, known = _CUSTOMERS
    missing = set(databases.rows(report, named)) - set(copy.rows(known))
    assert not missing, f"customers: missing {len(missing)}: {sorted(missing)[:3]}"


def _sorted(rows):
    return sorted((_naive(row) for row in rows), key=repr)


def _naive(row):
    """A row whose instants are UTC without saying so, and numbers of one kind."""
    return tuple(_plain(value) for value in row)


def _plain(value):
    if getattr(value, "tzinfo", None):
        return value.replace(tzinfo=None)
    if isinstance(value, Decimal):
        value = value.normalize()
        return int(value) if value == value.to_integral() else value
    return value
