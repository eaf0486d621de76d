"""The contract's membership events, cards and points, as frames (units: tables.py)."""

from itertools import groupby
from operator import itemgetter

import pandas as pd

from .membership import LevelChange, level_changes
from .points import Booking, Visit, play_card
from .promotion_tables import numbered
from .promotions import POINTS_PROGRAMME


def visits_by_household(baskets: pd.DataFrame) -> dict[int, list[Visit]]:
    """Every household's baskets in the order in which they are played."""
    columns = ["household_id", "ordered_at", "basket_id", "total"]
    ordered = baskets.sort_values(columns[:3])
    rows = zip(*(ordered[name].tolist() for name in columns), strict=True)
    return {
        household: [Visit(*row[1:]) for row in rows_of_household]
        for household, rows_of_household in groupby(rows, key=itemgetter(0))
    }


def membership_events(visits: dict[int, list[Visit]]) -> pd.DataFrame:
    """Every household's changes of level."""
    rows = [
        change
        for household, of_household in visits.items()
        for change in level_changes(household, of_household)
    ]
    events = pd.DataFrame(rows, columns=LevelChange._fields)
    events = events.sort_values(["occurred_at", "order_id"], ignore_index=True)
    events["order_id"] = events["order_id"].astype(str)
    events["from_level"] = events["from_level"].astype("Int64")
    names = {
        "from_level": "from_membership_product_id",
        "to_level": "to_membership_product_id",
    }
    return numbered(events.rename(columns=names))


def point_cards(events: pd.DataFrame) -> pd.DataFrame:
    """One card per household, with its id and at its final level."""
    final = events.groupby("partner_id")["to_membership_product_id"].last()
    return pd.DataFrame(
        {
            "id": final.index,
            "program_id": POINTS_PROGRAMME,
            "partner_id": final.index,
            "membership_product_id": final.to_numpy(),
            "active": True,
        }
    )


def point_transactions(visits: dict[int, list[Visit]]) -> pd.DataFrame:
    """The ledger of all cards."""
    rows = [
        booking
        for household, of_household in visits.items()
        for booking in play_card(household, of_household)
    ]
    ledger = pd.DataFrame(rows, columns=Booking._fields)
    ledger = ledger.sort_values(["occurred_at", "card_id", "seq"], ignore_index=True)
    ledger["expires_at"] = ledger["expires_at"].astype("Int64")
    ledger["origin"] = ledger["origin"].astype(str)
    ledger["order_id"] = _text_or_null(ledger["order_id"])
    ledger["partner_id"] = ledger["card_id"]
    ledger["program_id"] = POINTS_PROGRAMME
    return numbered(ledger)


def _text_or_null(ids: pd.Series) -> pd.Series:
    return ids.astype("Int64").astype("string")
