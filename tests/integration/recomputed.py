"""The rollups, from scratch out of the detail: another way to the same numbers."""

import databases

MEASURES = (
    "total_transactions, refund_transactions, eligible_transactions,"
    " applied_transactions, rejected_transactions, total_qty, total_amount,"
    " total_discount, gross_qty, gross_amount, gross_discount, points_earned,"
    " points_redeemed"
)
# Written from METRICS.md, over the views and the evaluations.
_FACTS = """
    WITH facts AS (
        SELECT company_id, program_key, shop_key, channel, date, hour, order_key,
            customer_key, is_refund, true AS is_line, NULL AS outcome,
            qty, amount, discount, points_earned, points_redeemed
        FROM promotion_report_detail
        UNION ALL
        SELECT e.company_id, e.program_key, nullif(e.shop_key, 0), e.channel,
            min(e.date) OVER evaluated, min(e.hour) OVER evaluated, e.order_key,
            e.customer_key, e.order_kind = 'refund', false,
            CASE WHEN e.order_kind = 'basket' AND e.outcome = 'applied'
                 THEN 'eligible' ELSE e.outcome END,
            0, 0, 0, 0, 0
        FROM promotion_evaluation_data e
        WINDOW evaluated AS (PARTITION BY e.order_key, e.program_key)
    )
    SELECT {keys},
        {customers}
        count(DISTINCT order_key) FILTER (WHERE is_line AND NOT is_refund)
            AS total_transactions,
        count(DISTINCT order_key) FILTER (WHERE is_line AND is_refund)
            AS refund_transactions,
        count(DISTINCT order_key) FILTER (
            WHERE outcome IN ('applied', 'eligible') AND NOT is_refund)
            AS eligible_transactions,
        count(DISTINCT order_key) FILTER (WHERE outcome = 'applied' AND NOT is_refund)
            AS applied_transactions,
        count(DISTINCT order_key) FILTER (WHERE outcome = 'rejected' AND NOT is_refund)
            AS rejected_transactions,
        sum(qty) AS total_qty, sum(amount) AS total_amount,
        sum(discount) AS total_discount,
        coalesce(sum(qty) FILTER (WHERE NOT is_refund), 0) AS gross_qty,
        coalesce(sum(amount) FILTER (WHERE NOT is_refund), 0) AS gross_amount,
        coalesce(sum(discount) FILTER (WHERE NOT is_refund), 0) AS gross_discount,
        sum(points_earned) AS points_earned, sum(points_redeemed) AS points_redeemed
    FROM facts GROUP BY {keys}
"""
_CUSTOMERS = (
    "count(DISTINCT customer_key) FILTER (WHERE is_line AND NOT is_refund)"
    " AS unique_customers,"
)
_HOURS = "company_id, program_key, shop_key, channel, date, hour"
_DAYS = "company_id, program_key, date"


# The same for customers, from the events, the orders and the rows of the ledger.
_HELD = """coalesce((
    SELECT h.product FROM (
        SELECT e.transaction_date AS at, e.event_id, CASE
            WHEN e.event_type IN ('expire', 'cancel') THEN 0
            ELSE e.to_product_key END AS product
        FROM membership_event_data e
        WHERE e.customer_key = f.customer_key AND e.company_id = f.company_id
          AND e.transaction_date <= f.transaction_date
          AND (e.event_type IN ('expire', 'cancel') OR e.to_product_key IS NOT NULL)
    ) h ORDER BY h.at DESC, h.event_id DESC LIMIT 1), 0)"""
_LEVELS = """
    SELECT f.order_key, f.transaction_date, {product} FROM customer_order_data f
    UNION ALL SELECT f.transaction_id, f.transaction_date, {product}
    FROM point_analytics_data f"""
# A reverse counts as what it takes back, if that is known on its card.
_COUNTED = """
    SELECT r.company_id, r.customer_key, r.membership_product_key, r.card_key,
        r.program_key, r.transaction_date, r.seq, r.transaction_id, r.date, r.hour,
        r.transaction_type, r.balance_after, r.order_key,
        CASE r.transaction_type WHEN 'reverse' THEN coalesce(o.transaction_type, 'adjust')
            ELSE r.transaction_type END AS kind,
        CASE r.transaction_type WHEN 'reverse' THEN -1 ELSE 1 END * r.points_amount
            AS points
    FROM point_analytics_data r
    LEFT JOIN point_analytics_data o
        ON o.card_key = r.card_key AND o.transaction_id = r.reverses_id
       AND o.transaction_type <> 'reverse' AND r.transaction_type = 'reverse'"""
_POINTS = ", ".join(
    f"coalesce(sum(points) FILTER (WHERE kind = '{kind}'), 0)"
    for kind in ("earn", "redeem", "expire", "adjust")
)
_KEPT_POINTS = "points_earned, points_redeemed, points_expired, points_adjusted"
_CUSTOMER_DAYS = f"""
    WITH counted AS ({_COUNTED}), facts AS (
        SELECT company_id, customer_key, date, membership_product_key AS product,
            is_refund, amount, NULL AS event, 0 AS change, NULL AS kind, 0 AS points
        FROM customer_order_data WHERE customer_key IS NOT NULL
        UNION ALL
        SELECT company_id, customer_key, date, membership_product_key, NULL, 0, NULL, 0,
            kind, points
        FROM counted WHERE customer_key IS NOT NULL AND points <> 0
        UNION ALL
        SELECT company_id, customer_key, date, to_product_key, NULL, 0, event_type, 0,
            NULL, 0
        FROM membership_event_data WHERE event_type IN ('join', 'upgrade', 'downgrade')
        UNION ALL
        SELECT company_id, customer_key, date, product, NULL, 0, NULL, sum(change), NULL, 0
        FROM (
            SELECT *, membership_product_key AS product, date_from AS date, 1 AS change
            FROM membership_interval
            UNION ALL SELECT *, membership_product_key, date_to, -1
            FROM membership_interval WHERE valid_to < 'infinity'
        ) moves GROUP BY 1, 2, 3, 4 HAVING sum(change) <> 0
    )
    SELECT company_id, customer_key, date, product,
        count(*) FILTER (WHERE NOT is_refund), count(*) FILTER (WHERE is_refund),
        coalesce(bool_or(event = 'join'), false),
        coalesce(bool_or(event = 'upgrade'), false),
        coalesce(bool_or(event = 'downgrade'), false),
        sum(change), sum(amount),
        coalesce(sum(amount) FILTER (WHERE NOT is_refund), 0), {_POINTS}
    FROM facts GROUP BY company_id, customer_key, date, product"""
_MEMBERSHIP = """
    SELECT company_id, membership_product_key, date, count(*),
        count(*) FILTER (WHERE is_joined), count(*) FILTER (WHERE transactions > 0),
        count(*) FILTER (WHERE is_upgraded), count(*) FILTER (WHERE is_downgraded),
        sum(member_change), sum(transactions), sum(refund_transactions), sum(spending),
        sum(gross_spending), sum(points_earned), sum(points_redeemed),
        sum(points_expired), sum(points_adjusted)
    FROM customer_day_data WHERE membership_product_key > 0 GROUP BY 1, 2, 3"""
_EFFECT = "CASE WHEN kind IN ('redeem', 'expire') THEN -points ELSE points END"
_BALANCES = f"""
    SELECT card_key, hour, (
        SELECT coalesce(c.balance_after - {_EFFECT}, 0)
        FROM counted c WHERE c.card_key = h.card_key
        ORDER BY c.transaction_date, c.seq, c.transaction_id LIMIT 1
    ) + sum(effect) OVER (PARTITION BY card_key ORDER BY hour) AS balance
    FROM (SELECT card_key, hour, sum({_EFFECT}) AS effect
          FROM counted GROUP BY card_key, hour) h"""
_POINT_HOURS = f"""
    WITH counted AS MATERIALIZED ({_COUNTED}), balances AS ({_BALANCES})
    SELECT company_id, program_key, card_key, coalesce(customer_key, 0), date, hour,
        transaction_type, count(*), {_POINTS}, b.balance,
        sum({_EFFECT} + CASE WHEN number = 1
            THEN coalesce(balance_after - {_EFFECT}, 0) ELSE 0 END)
    FROM (
        SELECT *, row_number() OVER (PARTITION BY card_key
            ORDER BY transaction_date, seq, transaction_id) AS number
        FROM counted
    ) numbered JOIN balances b USING (card_key, hour)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, b.balance"""
# Whatever is not told apart is added up.
_POINT_DAYS = f"""
    SELECT company_id, program_key, date, transaction_type, sum(transactions),
        {", ".join(f"sum({name})" for name in _KEPT_POINTS.split(", "))},
        sum(balance_change)
    FROM point_analytics_rollup_data GROUP BY 1, 2, 3, 4"""
_CARDS = f"""
    WITH counted AS MATERIALIZED ({_COUNTED}), balances AS ({_BALANCES})
    SELECT card_key, min(hour), max(hour), (array_agg(balance ORDER BY hour DESC))[1]
    FROM balances GROUP BY card_key"""
_OF_CUSTOMERS = {
    "levels": (
        _LEVELS.format(product="f.membership_product_key"),
        _LEVELS.format(product=_HELD),
    ),
    "points counted": (
        "SELECT order_key, transaction_id, counts_as, points_counted"
        " FROM point_analytics_data",
        f"SELECT order_key, transaction_id, kind, points FROM ({_COUNTED}) c",
    ),
    "customer days": (
        "SELECT company_id, customer_key, date, membership_product_key, transactions,"
        " refund_transactions, is_joined, is_upgraded, is_downgraded, member_change,"
        f" spending, gross_spending, {_KEPT_POINTS} FROM customer_day_data",
        _CUSTOMER_DAYS,
    ),
    "membership": (
        "SELECT company_id, membership_product_key, date, customer_rows, new_members,"
        " active_members, upgraded_members, downgraded_members, member_change,"
        " total_transactions, refund_transactions, total_spending, gross_spending,"
        " total_points_earned, total_points_redeemed, total_points_expired,"
        " total_points_adjusted FROM membership_analytics_data",
        _MEMBERSHIP,
    ),
    "point hours": (
        "SELECT company_id, program_key, card_key, customer_key, date, hour,"
        f" transaction_type, transactions, {_KEPT_POINTS}, balance, balance_change"
        " FROM point_analytics_rollup_data",
        _POINT_HOURS,
    ),
    "point days": ("TABLE point_day_data", _POINT_DAYS),
    "cards": ("TABLE card_state", _CARDS),
}


def customer_differences(report_dsn):
    """Rows of customers and cards that the detail does not give, and the other way."""
    return {
        name: _difference(report_dsn, kept, computed)
        for name, (kept, computed) in _OF_CUSTOMERS.items()
    }


def is_complete(report_dsn):
    """Not in the middle of a first load, or of a comparison of everything.

    What is derived from many documents follows at its end.
    """
    phases = databases.rows(
        report_dsn, "SELECT position ->> 'phase' FROM loyalty_reporting_cursor"
    )
    return not {phase for (phase,) in phases} & {"first", "sweep"}


def rollup_differences(report_dsn):
    """Rows of the rollups that the detail does not give, and the other way round."""
    hours = _FACTS.format(keys=_HOURS, customers=_CUSTOMERS)
    days = _FACTS.format(keys=_DAYS, customers="")
    kept_days = f"SELECT {_DAYS}, {MEASURES} FROM promotion_day_data"
    kept_hours = (
        "SELECT company_id, program_key, nullif(shop_key, 0), channel, date, hour,"
        f" unique_customers, {MEASURES} FROM promotion_performance_data"
    )
    return {
        "hours": _difference(report_dsn, kept_hours, hours),
        "days": _difference(report_dsn, kept_days, days),
    }


def assert_rollups_follow_from_detail(report_dsn):
    """All rollups equal their own computation from scratch."""
    differences = rollup_differences(report_dsn)
    if is_complete(report_dsn):
        differences |= customer_differences(report_dsn)
    for name, found in differences.items():
        assert not found, f"{name}: {len(found)} rows differ, as {found[:4]}"


def _difference(report_dsn, kept, computed):
    return databases.rows(
        report_dsn,
        f"SELECT 'kept', * FROM (({kept}) EXCEPT ALL ({computed})) a"
        f" UNION ALL SELECT 'computed', * FROM (({computed}) EXCEPT ALL ({kept})) b",
    )
