SELECT company_id, membership_product_key, date AS day, load_id,
    new_members, active_members, upgraded_members, downgraded_members, member_change,
    total_transactions, refund_transactions,
    (total_spending * 10000)::bigint AS total_spending_e4,
    (gross_spending * 10000)::bigint AS gross_spending_e4,
    (total_points_earned * 10000)::bigint AS total_points_earned_e4,
    (total_points_redeemed * 10000)::bigint AS total_points_redeemed_e4,
    (total_points_expired * 10000)::bigint AS total_points_expired_e4,
    (total_points_adjusted * 10000)::bigint AS total_points_adjusted_e4
FROM membership_analytics_data
WHERE load_id > %(watermark)s
