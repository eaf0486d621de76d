-- The customers that the rows above the watermark name.
SELECT id AS customer_key, %(epoch)s::bigint AS version, external_id AS partner_id
FROM loyalty_reporting_customer
WHERE %(watermark)s = 0 OR id IN (
    SELECT customer_key FROM customer_day_data WHERE load_id > %(watermark)s
    UNION ALL
    SELECT customer_key FROM point_analytics_rollup_data WHERE load_id > %(watermark)s
    UNION ALL
    SELECT customer_key FROM promotion_order_data WHERE load_id > %(watermark)s)
