"""Rules of promotions: which coupon a line used, and what the engine evaluated."""

import numpy as np
import pandas as pd

STORE_DISCOUNT = 1001
POINTS_PROGRAMME = 1002
UNATTRIBUTED_COUPONS = 1003


def attribute_coupons(
    lines: pd.DataFrame, redemptions: pd.DataFrame, coupons: pd.DataFrame
) -> pd.Series:
    """Program of every line with `coupon_disc > 0`, by the index of `lines`.

    A campaign qualifies if the household redeemed, on the line's business day, a
    coupon of that campaign that is valid for the line's product. The lowest campaign
    id wins; a line without any belongs to program 1003.
    """
    coupon_lines = lines[lines["coupon_disc"] > 0]
    valid = redemptions.merge(coupons, on=["coupon_upc", "campaign_id"])
    key = ["household_id", "day", "product_id"]
    lowest = valid.groupby(key, as_index=False)["campaign_id"].min()
    program = coupon_lines[key].merge(lowest, on=key, how="left")["campaign_id"]
    program = program.fillna(UNATTRIBUTED_COUPONS).to_numpy().astype(np.int64)
    return pd.Series(program, index=coupon_lines.index, name="program_id")


def evaluate(
    baskets: pd.DataFrame,
    campaigns: pd.DataFrame,
    targets: pd.DataFrame,
    attributed: pd.DataFrame,
) -> pd.DataFrame:
    """Evaluations as order_no, program_id, outcome; sorted by order and program.

    `attributed` holds (order_no, program_id) of every line attributed to a campaign.
    A basket of a targeted household inside the campaign's days gets one evaluation:
    `applied` if it is in `attributed`, else `eligible`. What is attributed outside
    such a window is `applied` too.
    """
    pair = ["order_no", "program_id"]
    windows = targets.merge(campaigns, on="campaign_id")
    visits = baskets[["household_id", "day"]].rename_axis("order_no").reset_index()
    met = visits.merge(windows, on="household_id")
    met = met[met["day"].between(met["start_day"], met["end_day"])]
    met = met.rename(columns={"campaign_id": "program_id"})[pair]
    applied = attributed[pair].drop_duplicates().assign(outcome="applied")
    evaluations = met.merge(applied, on=pair, how="outer")
    evaluations["outcome"] = evaluations["outcome"].fillna("eligible")
    return evaluations.sort_values(pair, ignore_index=True)
