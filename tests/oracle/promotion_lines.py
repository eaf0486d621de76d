"""The facts: orders, promotion lines and evaluations (DESIGN.md section 5)."""

from dataclasses import dataclass

import pandas as pd

from .attribution import attribute
from .business_time import business_day, business_hour
from .evaluations import evaluate
from .points_ledger import with_points

STORE_DISCOUNT = 1001
POINTS_PROGRAMME = 1002
CHANNEL = "pos"
OWN_PROGRAMS = (
    (STORE_DISCOUNT, "Store discount", "promotion"),
    (POINTS_PROGRAMME, "Points programme", "loyalty"),
    (1003, "Unattributed coupons", "coupons"),
)
LINE_COLUMNS = [
    "program_id",
    "order_id",
    "partner_id",
    "product_id",
    "store_id",
    "channel",
    "ordered_at",
    "date",
    "hour",
    "qty",
    "amount_cents",
    "discount_cents",
    "points_earned",
    "points_redeemed",
]


@dataclass(frozen=True)
class Facts:
    """Everything the measures are computed from.

    programs: program_id, program_name, program_type.
    orders: order_id (text), basket_id, partner_id, store_id, channel, ordered_at,
        date, hour, qty, amount_cents, points_earned, points_redeemed.
    lines: LINE_COLUMNS; product_id is null (Int64) on program 1002.
    evaluations: order_id, program_id, partner_id, store_id, channel, date, hour,
        outcome applied|eligible.
    """

    programs: pd.DataFrame
    orders: pd.DataFrame
    lines: pd.DataFrame
    evaluations: pd.DataFrame


def build(source):
    """All facts of a `SourceData` (seconds of work for the whole year)."""
    orders = build_orders(source.transactions)
    lines = build_lines(source, orders)
    evaluations = evaluate(orders, lines, source)
    return Facts(build_programs(source), orders, lines, evaluations)


def build_programs(source):
    """Campaigns 1..27 by their id, and the three programs of the reference engine."""
    campaigns = [
        (row.campaign_id, f"Campaign {row.campaign_id}", row.campaign_type)
        for row in source.campaign_descriptions.itertuples()
    ]
    columns = ["program_id", "program_name", "program_type"]
    return pd.DataFrame([*campaigns, *OWN_PROGRAMS], columns=columns)


def build_orders(transactions):
    """One order per basket, with its business day, hour, total and points."""
    orders = transactions.groupby("basket_id", as_index=False).agg(
        partner_id=("household_id", "first"),
        store_id=("store_id", "first"),
        ordered_at=("transaction_timestamp", "first"),
        qty=("quantity", "sum"),
        amount_cents=("sales_value", "sum"),
    )
    return with_points(
        orders.assign(
            order_id=orders["basket_id"].astype("str"),
            channel=CHANNEL,
            date=business_day(orders["ordered_at"]),
            hour=business_hour(orders["ordered_at"]),
        )
    )


def build_lines(source, orders):
    """Every promotion line: coupons, store discounts and one points row per order."""
    baskets = _basket_lines(source.transactions, orders)
    coupons = baskets[baskets["coupon_disc"] > 0]
    discounted = baskets[baskets["retail_disc"] > 0]
    parts = [
        coupons.assign(
            program_id=attribute(coupons, source), discount_cents=coupons["coupon_disc"]
        ),
        discounted.assign(
            program_id=STORE_DISCOUNT, discount_cents=discounted["retail_disc"]
        ),
        orders.assign(
            program_id=POINTS_PROGRAMME,
            product_id=pd.Series(pd.NA, orders.index, dtype="Int64"),
            discount_cents=0,
        ),
    ]
    lines = pd.concat([part[LINE_COLUMNS] for part in parts])
    return lines.sort_values(["program_id", "order_id", "product_id"]).reset_index(
        drop=True
    )


def _basket_lines(transactions, orders):
    """Lines of the source that carry a discount, with the columns of their order."""
    discounted = transactions["coupon_disc"].gt(0) | transactions["retail_disc"].gt(0)
    own = transactions.loc[
        discounted,
        ["basket_id", "product_id", "quantity", "sales_value"]
        + ["retail_disc", "coupon_disc"],
    ].rename(columns={"quantity": "qty", "sales_value": "amount_cents"})
    header = orders.drop(columns=["qty", "amount_cents"])
    return own.merge(header, on="basket_id", validate="many_to_one").assign(
        product_id=lambda rows: rows["product_id"].astype("Int64"),
        points_earned=0,
        points_redeemed=0,
    )
