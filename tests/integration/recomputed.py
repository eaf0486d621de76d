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
    """Both rollups equal their own computation from scratch."""
    for name, found in rollup_differences(report_dsn).items():
        assert not found, f"{name}: {len(found)} rows differ, as {found[:4]}"


def _difference(report_dsn, kept, computed):
    return databases.rows(
        report_dsn,
        f"SELECT 'kept', * FROM (({kept}) EXCEPT ALL ({computed})) a"
        f" UNION ALL SELECT 'computed', * FROM (({computed}) EXCEPT ALL ({kept})) b",
    )
