SELECT r.company_id, r.program_key, r.date AS day,
    r.hour AS hour_seconds, r.shop_key, c.id AS channel,
    r.load_id,
    r.total_transactions, r.refund_transactions, r.eligible_transactions,
    r.applied_transactions, r.rejected_transactions, r.unique_customers,
    (r.total_qty * 10000)::bigint AS total_qty_e4,
    (r.total_amount * 10000)::bigint AS total_amount_e4,
    (r.total_discount * 10000)::bigint AS total_discount_e4,
    (r.gross_qty * 10000)::bigint AS gross_qty_e4,
    (r.gross_amount * 10000)::bigint AS gross_amount_e4,
    (r.gross_discount * 10000)::bigint AS gross_discount_e4,
    (r.points_earned * 10000)::bigint AS points_earned_e4,
    (r.points_redeemed * 10000)::bigint AS points_redeemed_e4
FROM promotion_performance_data r
JOIN loyalty_reporting_channel c ON c.name = r.channel
WHERE r.load_id > %(watermark)s
