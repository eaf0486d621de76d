-- The names that an analyst's SQL and Odoo's models use. Names of programs,
-- shops and customers are joined at reading, so that a rename splits nothing.

CREATE FUNCTION loyalty_reporting_fits(value numeric) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    -- NaN and infinities are greater than every number; NULL is not true.
    RETURN value > -1e14 AND value < 1e14
        AND (scale(value) <= 4 OR value = round(value, 4));

CREATE VIEW promotion_report_detail AS
SELECT
    d.id,
    d.program_id,
    p.name AS program_name,
    p.program_type,
    d.order_id,
    d.partner_id,
    d.transaction_date,
    d.product_id,
    d.qty,
    d.amount,
    d.discount,
    d.points_earned,
    d.points_redeemed,
    d.created_at,
    d.company_id,
    d.date,
    d.hour,
    date_trunc('week', d.date)::date AS week,
    s.external_id AS store_id,
    d.channel,
    d.is_refund,
    d.line_id,
    d.order_key,
    d.program_key,
    nullif(d.shop_key, 0) AS shop_key,
    d.customer_key,
    c.partner_id AS odoo_partner_id,
    d.currency AS order_currency,
    d.currency_rate,
    d.currency_amount,
    d.currency_discount
FROM promotion_report_detail_data d
LEFT JOIN loyalty_reporting_program p ON p.id = d.program_key
LEFT JOIN loyalty_reporting_shop s ON s.id = d.shop_key
LEFT JOIN loyalty_reporting_customer c ON c.id = d.customer_key;

CREATE VIEW promotion_performance AS
SELECT
    r.company_id,
    p.external_id AS program_id,
    p.name AS program_name,
    p.program_type,
    s.external_id AS store_id,
    r.channel,
    r.date,
    r.hour,
    r.total_transactions,
    r.refund_transactions,
    r.total_qty,
    r.total_amount,
    r.total_discount,
    coalesce(round(r.total_amount / nullif(r.total_transactions, 0), 4), 0)
        AS avg_transaction_value,
    r.unique_customers,
    r.eligible_transactions,
    r.applied_transactions,
    r.rejected_transactions,
    coalesce(r.applied_transactions::numeric / nullif(r.eligible_transactions, 0), 0)
        AS conversion_rate,
    r.gross_qty,
    r.gross_amount,
    r.gross_discount,
    r.points_earned,
    r.points_redeemed
FROM promotion_performance_data r
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key
LEFT JOIN loyalty_reporting_shop s ON s.id = r.shop_key;

CREATE VIEW promotion_order AS
SELECT
    -- A stable id for Odoo: program keys stay below 2^20.
    o.order_key * 1048576 + o.program_key AS id,
    o.company_id,
    o.order_key,
    o.program_key,
    p.program_type,
    nullif(o.shop_key, 0) AS shop_key,
    o.customer_key,
    o.channel,
    o.transaction_date,
    o.date,
    date_trunc('week', o.date)::date AS week,
    o.is_refund,
    o.line_count,
    -- Identities to count, each NULL where the row is not counted.
    CASE WHEN o.line_count > 0 AND NOT o.is_refund THEN o.order_key END
        AS sale_key,
    CASE WHEN o.line_count > 0 AND NOT o.is_refund THEN o.customer_key END
        AS sale_customer_key,
    CASE WHEN o.line_count > 0 AND o.is_refund THEN o.order_key END AS refund_key,
    CASE WHEN o.is_eligible THEN o.order_key END AS eligible_key,
    CASE WHEN o.is_applied THEN o.order_key END AS applied_key,
    CASE WHEN o.is_rejected THEN o.order_key END AS rejected_key,
    o.qty,
    o.amount,
    o.discount,
    o.points_earned,
    o.points_redeemed
FROM promotion_order_data o
LEFT JOIN loyalty_reporting_program p ON p.id = o.program_key;

CREATE MATERIALIZED VIEW mv_promotion_daily_summary AS
SELECT
    o.company_id,
    p.external_id AS program_id,
    o.date AS report_date,
    count(*) AS total_orders,
    count(DISTINCT o.customer_key) AS unique_customers,
    sum(o.qty) AS total_qty,
    sum(o.amount) AS total_amount,
    sum(o.discount) AS total_discount,
    sum(o.points_earned) AS total_points_earned,
    sum(o.points_redeemed) AS total_points_redeemed
FROM promotion_order_data o
JOIN loyalty_reporting_program p ON p.id = o.program_key
WHERE o.line_count > 0
GROUP BY o.company_id, p.external_id, o.date;
CREATE UNIQUE INDEX mv_promotion_daily_summary_idx
    ON mv_promotion_daily_summary (company_id, program_id, report_date);
