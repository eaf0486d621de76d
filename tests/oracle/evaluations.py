"""What the engine evaluated: applied or eligible, per order and campaign."""

import pandas as pd

LAST_CAMPAIGN = 27
KEY = ["order_id", "program_id"]
COLUMNS = [*KEY, "partner_id", "store_id", "channel", "date", "hour", "outcome"]


def targeted_orders(orders, source):
    """(order_id, program_id) of baskets by targeted households within the dates.

    The campaign's start and end dates are inclusive business days.
    """
    windows = source.campaigns.merge(source.campaign_descriptions, on="campaign_id")
    pairs = orders[["order_id", "partner_id", "date"]].merge(
        windows, left_on="partner_id", right_on="household_id"
    )
    inside = pairs["date"].between(pairs["start_date"], pairs["end_date"])
    return pairs[inside].rename(columns={"campaign_id": "program_id"})[KEY]


def evaluate(orders, lines, source):
    """One evaluation per order and campaign, sorted by both.

    `applied` when a line of the order is attributed to the campaign (also outside the
    campaign's window), otherwise `eligible` (targeted and inside the window).
    """
    applied = lines.loc[lines["program_id"] <= LAST_CAMPAIGN, KEY].drop_duplicates()
    eligible = targeted_orders(orders, source)
    found = pd.concat(
        [applied.assign(outcome="applied"), eligible.assign(outcome="eligible")]
    ).drop_duplicates(KEY)  # keeps `applied`, which comes first
    return found.merge(orders, on="order_id")[COLUMNS].sort_values(
        KEY, ignore_index=True
    )
