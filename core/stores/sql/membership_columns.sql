company_id, membership_product_key, date, load_id, customer_rows, new_members,
active_members, upgraded_members, downgraded_members, member_change,
total_transactions, refund_transactions, total_spending, gross_spending,
total_points_earned, total_points_redeemed, total_points_expired,
total_points_adjusted
