"""Apply the rules to the data set: the contract's tables, as frames.

The columns have the contract's names. In these frames money is integer cents, an
instant is seconds since 1970-01-01 UTC and a date days since 1970-01-01; the load
converts them by column name.
"""

import pandas as pd

from .customer_tables import (
    membership_events,
    point_cards,
    point_transactions,
    visits_by_household,
)
from .dataset import Dataset
from .membership import LEVEL_NAMES
from .promotion_tables import evaluations, promotion_lines
from .promotions import (
    POINTS_PROGRAMME,
    STORE_DISCOUNT,
    UNATTRIBUTED_COUPONS,
    attribute_coupons,
)

COMPANY = 1


def history_tables(data: Dataset) -> dict[str, pd.DataFrame]:
    """The whole history as {table name: frame}, in the order of loading.

    Row ids count from 1 in these orders:
    order_promotion_line: (ordered_at, basket id, program id, row of the package's
        file); `line_no` counts the same order within the basket;
    promotion_evaluation: (ordered_at, basket id, program id);
    membership_event: (occurred_at, basket id);
    point_transaction: (occurred_at, card id, seq), `seq` counts a card's bookings.
    """
    visits = visits_by_household(data.baskets)
    bookings = point_transactions(visits)
    events = membership_events(visits)
    coupon_programs = attribute_coupons(data.lines, data.redemptions, data.coupons)
    return {
        "program": programs(data.campaigns),
        "membership_product": membership_products(),
        "processed_order": processed_orders(data.baskets),
        "order_promotion_line": promotion_lines(data, coupon_programs, bookings),
        "promotion_evaluation": evaluations(data, coupon_programs),
        "membership_event": events,
        "point_card": point_cards(events),
        "point_transaction": bookings,
    }


def programs(campaigns: pd.DataFrame) -> pd.DataFrame:
    """The campaigns, and the three programs that the rules add."""
    ids = campaigns["campaign_id"]
    of_campaigns = pd.DataFrame(
        {
            "id": ids,
            "name": "Campaign " + ids.astype(str),
            "program_type": campaigns["campaign_type"],
            "valid_from": campaigns["start_day"].astype("Int64"),
            "valid_to": campaigns["end_day"].astype("Int64"),
        }
    )
    others = pd.DataFrame(
        [
            (STORE_DISCOUNT, "Store discount", "promotion"),
            (POINTS_PROGRAMME, "Points programme", "loyalty"),
            (UNATTRIBUTED_COUPONS, "Unattributed coupons", "coupons"),
        ],
        columns=["id", "name", "program_type"],
    )
    return pd.concat([of_campaigns, others], ignore_index=True).assign(active=True)


def membership_products() -> pd.DataFrame:
    """One product per level, named after it; its rank is its id."""
    rows = [(level, name, name, level) for level, name in LEVEL_NAMES.items()]
    return pd.DataFrame(rows, columns=["id", "name", "level", "rank"])


def processed_orders(baskets: pd.DataFrame) -> pd.DataFrame:
    """One order per basket, anonymous cashier, point of sale, US dollars."""
    return pd.DataFrame(
        {
            "id": baskets["basket_id"].astype(str),
            "partner_id": baskets["household_id"],
            "store_id": baskets["store_id"],
            "channel": "pos",
            "ordered_at": baskets["ordered_at"],
            "amount_total": baskets["total"],
            "currency": "USD",
            # Baskets come in the order in which a household's are played.
            "is_first_order": ~baskets["household_id"].duplicated(),
            "state": "done",
            "company_id": COMPANY,
        }
    )
