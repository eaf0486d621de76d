SELECT customer_key, date AS day, company_id, membership_product_key, load_id,
    transactions, refund_transactions, is_joined, is_upgraded, is_downgraded,
    member_change,
    (spending * 10000)::bigint AS spending_e4,
    (gross_spending * 10000)::bigint AS gross_spending_e4,
    (points_earned * 10000)::bigint AS points_earned_e4,
    (points_redeemed * 10000)::bigint AS points_redeemed_e4,
    (points_expired * 10000)::bigint AS points_expired_e4,
    (points_adjusted * 10000)::bigint AS points_adjusted_e4
FROM customer_day_data
WHERE load_id > %(watermark)s
