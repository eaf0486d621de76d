order_key, transaction_date, hour, load_id, program_key, company_id, shop_key,
customer_key, date, first_month, line_count, is_refund, is_eligible, is_applied,
is_rejected, channel, qty, amount, discount, points_earned, points_redeemed
