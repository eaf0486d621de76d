"""The contract's promotion lines and evaluations, as frames (units: tables.py)."""

import numpy as np
import pandas as pd

from .dataset import Dataset
from .points import points_earned
from .promotions import (
    POINTS_PROGRAMME,
    STORE_DISCOUNT,
    UNATTRIBUTED_COUPONS,
    evaluate,
)


def promotion_lines(
    data: Dataset, coupon_programs: pd.Series, bookings: pd.DataFrame
) -> pd.DataFrame:
    """Store discounts, coupons and one row per basket of the points programme."""
    discounted = data.lines[data.lines["retail_disc"] > 0]
    with_coupon = data.lines.loc[coupon_programs.index]
    lines = pd.concat(
        [
            _product_lines(discounted, STORE_DISCOUNT, "retail_disc"),
            _product_lines(with_coupon, coupon_programs, "coupon_disc"),
            _points_lines(data.baskets, bookings),
        ],
        ignore_index=True,
    )
    lines = lines.sort_values(["order_no", "program_id", "position"], ignore_index=True)
    lines["line_no"] = lines.groupby("order_no").cumcount() + 1
    return numbered(_with_order_id(lines, data.baskets).drop(columns="position"))


def evaluations(data: Dataset, coupon_programs: pd.Series) -> pd.DataFrame:
    """Evaluations of campaigns, at the instant of their basket."""
    campaigns = coupon_programs[coupon_programs != UNATTRIBUTED_COUPONS]
    order_no = data.lines.loc[campaigns.index, "order_no"]
    attributed = pd.DataFrame({"order_no": order_no, "program_id": campaigns})
    rows = evaluate(data.baskets, data.campaigns, data.targets, attributed)
    baskets = data.baskets.loc[rows["order_no"]]
    rows["partner_id"] = baskets["household_id"].to_numpy()
    rows["evaluated_at"] = baskets["ordered_at"].to_numpy()
    return numbered(_with_order_id(rows, data.baskets))


def _product_lines(lines, program, discount: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_no": lines["order_no"],
            "position": lines["position"],
            "program_id": program,
            "product_id": lines["product_id"].astype("Int64"),
            "qty": lines["quantity"],
            "amount": lines["sales"],
            "discount": lines[discount],
            "points_earned": 0,
            "points_redeemed": 0,
        }
    )


def _points_lines(baskets: pd.DataFrame, bookings: pd.DataFrame) -> pd.DataFrame:
    redeemed = bookings[bookings["transaction_type"] == "redeem"]
    redeemed = redeemed.set_index("order_id")["points_amount"]
    order_ids = baskets["basket_id"].astype(str)
    return pd.DataFrame(
        {
            "order_no": baskets.index,
            "position": -1,
            "program_id": POINTS_PROGRAMME,
            "product_id": pd.array([pd.NA] * len(baskets), dtype="Int64"),
            "qty": baskets["quantity"],
            "amount": baskets["total"],
            "discount": 0,
            "points_earned": points_earned(baskets["total"]),
            "points_redeemed": redeemed.reindex(order_ids, fill_value=0).to_numpy(),
        }
    )


def _with_order_id(rows: pd.DataFrame, baskets: pd.DataFrame) -> pd.DataFrame:
    order_ids = baskets["basket_id"].astype(str)
    rows.insert(0, "order_id", order_ids.loc[rows["order_no"]].to_numpy())
    return rows.drop(columns="order_no")


def numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with an `id` that counts from 1 in their present order."""
    rows.insert(0, "id", np.arange(1, len(rows) + 1))
    return rows
