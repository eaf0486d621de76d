company_id, customer_key, date, membership_product_key, load_id, transactions,
refund_transactions, is_joined, is_upgraded, is_downgraded, member_change, spending,
gross_spending, points_earned, points_redeemed, points_expired, points_adjusted
