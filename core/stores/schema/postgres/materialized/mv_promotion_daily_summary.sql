-- Business days: those of the order grain, and those that were frozen before it went.
-- A frozen month counts as frozen even while its rows are still here, so that no instant
-- between freezing and dropping shows it twice or not at all.
CREATE MATERIALIZED VIEW mv_promotion_daily_summary AS
WITH parts AS (
    SELECT o.company_id, o.program_key, o.date AS report_date, o.customer_key,
        0::bigint AS unique_customers, 1::bigint AS orders, o.qty, o.amount, o.discount,
        o.points_earned, o.points_redeemed
    FROM promotion_order_data o
    WHERE o.line_count > 0 AND date_trunc('month', o.transaction_date)::date NOT IN (
        SELECT month FROM promotion_daily_summary_frozen)
    UNION ALL
    SELECT f.company_id, f.program_key, f.report_date, NULL, f.unique_customers,
        f.total_orders, f.total_qty, f.total_amount, f.total_discount,
        f.total_points_earned, f.total_points_redeemed
    FROM promotion_daily_summary_frozen f
    UNION ALL
    SELECT f.company_id, f.program_key, f.report_date, unnest(f.customer_keys), 0, 0, 0,
        0, 0, 0, 0
    FROM promotion_daily_summary_frozen f
)
SELECT
    s.company_id,
    p.external_id AS program_id,
    s.report_date,
    sum(s.orders)::bigint AS total_orders,
    (count(DISTINCT s.customer_key) + sum(s.unique_customers))::bigint
        AS unique_customers,
    sum(s.qty) AS total_qty,
    sum(s.amount) AS total_amount,
    sum(s.discount) AS total_discount,
    sum(s.points_earned) AS total_points_earned,
    sum(s.points_redeemed) AS total_points_redeemed
FROM parts s
JOIN loyalty_reporting_program p ON p.id = s.program_key
GROUP BY s.company_id, p.external_id, s.report_date;

CREATE UNIQUE INDEX mv_promotion_daily_summary_idx
    ON mv_promotion_daily_summary (company_id, program_id, report_date);
