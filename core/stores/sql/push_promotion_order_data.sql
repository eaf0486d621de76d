SELECT o.order_key, o.program_key, o.first_month AS first_day,
    o.load_id, o.company_id, o.shop_key, coalesce(o.customer_key, 0) AS customer_key,
    c.id AS channel, o.date AS day,
    o.hour AS hour_seconds, o.line_count, o.is_refund,
    o.is_eligible, o.is_applied, o.is_rejected,
    (o.qty * 10000)::bigint AS qty_e4, (o.amount * 10000)::bigint AS amount_e4,
    (o.discount * 10000)::bigint AS discount_e4,
    (o.points_earned * 10000)::bigint AS points_earned_e4,
    (o.points_redeemed * 10000)::bigint AS points_redeemed_e4
FROM promotion_order_data o
JOIN loyalty_reporting_channel c ON c.name = o.channel
WHERE o.load_id > %(watermark)s
