DELETE FROM promotion_daily_summary_frozen WHERE month = %(month)s;

INSERT INTO promotion_daily_summary_frozen
SELECT %(month)s::date, o.company_id, o.program_key, o.date, count(*),
    CASE WHEN b.is_border THEN 0 ELSE count(DISTINCT o.customer_key) END,
    CASE WHEN b.is_border THEN coalesce(array_agg(DISTINCT o.customer_key)
            FILTER (WHERE o.customer_key IS NOT NULL), '{}')
        ELSE '{}' END,
    sum(o.qty), sum(o.amount), sum(o.discount), sum(o.points_earned),
    sum(o.points_redeemed)
FROM promotion_order_data o
-- In every time zone, other business days lie within the month.
CROSS JOIN LATERAL (SELECT o.date <= %(month)s::date
    OR o.date >= (%(month)s::date + interval '1 month - 1 day')::date AS is_border) b
WHERE o.transaction_date >= %(month)s::date
  AND o.transaction_date < %(month)s::date + interval '1 month' AND o.line_count > 0
GROUP BY o.company_id, o.program_key, o.date, b.is_border;

UPDATE loyalty_reporting_materialized_view SET load_id = NULL
WHERE name = 'mv_promotion_daily_summary';
