"""Expected figures of ANY history, computed from scratch from the engine's tables.

    from oracle import generic
    tables = {"processed_order": [...], "order_promotion_line": [...], ...}
    generic.performance(tables, "Europe/Berlin", grain="day")

`tables` maps names of the contract's tables (DESIGN.md section 4) to plain lists of
dicts with the contract's columns, one row per id, as they stand at the end; a table that
is absent is empty. All rows are of one company and in its currency. Instants are aware
datetimes, naive ones in UTC, or ISO text; amounts are Decimal, integer or numeric text,
a float is a TypeError. Results are plain values: dates, naive UTC datetimes, exact
Decimals, unrounded, and Fractions: round with `assert_same(digits=...)`.

Task to file: reading and grouping `generic_rows`, days and hours `generic_time`,
promotions `generic_promotions`, levels `generic_levels`, membership
`generic_membership`, points `generic_points`, lots and ratios `generic_ageing`. The SQL
statements take the rows of `point_detail`: `sql_statement_2(detail=..., levels=...)`.

Where the text left a choice, this reading was taken:

1. A line without an order counts nowhere. A point row that names an unknown order
   counts, like one without order: amount 0, no first order.
2. Evaluations of a refund count nowhere: orders and denominators are sales only. An
   abandoned basket's `applied` counts as eligible, its `rejected` stays rejected.
3. discount_depth and avg_transaction_value divide net sums (total_*); only the number
   of transactions leaves refunds out.
4. A voided order's membership events stay: they are documents of their own. Its point
   rows go, so a reverse of one of them names an unknown row, and a card's opening is
   found from the first row that is left.
5. A reverse may name a row that comes later on the card; it is known all the same.
6. An order's total is on its first `earn` row (card order), 0 on any further one.
7. upgrade and downgrade count for the level held after them; a renewal to another
   product changes the level but is neither. After expire or cancel a renewal to
   nothing named does not bring the membership back.
8. Sales, refunds and points at a time without membership count at no level.
9. new, upgraded, downgraded and active members are distinct customers of the bucket;
   churned_members counts crossings, in a year one customer several times.
10. A refund is no sale: it neither makes a member active nor ends their absence.
11. A level has a row in a bucket if anybody joined or was moved to it, bought, had a
    refund, was booked points as earned or redeemed, or churned there. Expiries,
    adjustments and departures make none; `without_empty` drops rows of zeros.
12. A card has no balance before its first row, whatever its opening. Points that leave
    as reverse of a credit are taken off that credit, all others from the oldest.
13. Simple breakage counts as unspent what was not redeemed: expired or still open.
"""

from .generic_ageing import (
    ageing,
    expiry_forecast,
    liability,
    open_lots,
    point_ratios,
)
from .generic_membership import MEASURES, churn, members_on, membership
from .generic_points import (
    balances,
    card_balances,
    flows,
    outstanding,
    point_detail,
    point_rollup,
    roll_forward,
)
from .generic_promotions import daily_summary, performance, rejections


def without_empty(rows):
    """Membership rows in which some measure other than `members` is not 0."""
    told = [name for name in MEASURES if name != "members"]
    return [row for row in rows if any(row[name] for name in told)]


__all__ = [
    "ageing",
    "balances",
    "card_balances",
    "churn",
    "daily_summary",
    "expiry_forecast",
    "flows",
    "liability",
    "members_on",
    "membership",
    "open_lots",
    "outstanding",
    "performance",
    "point_detail",
    "point_ratios",
    "point_rollup",
    "rejections",
    "roll_forward",
    "without_empty",
]
