date, company_id, hour, load_id, program_key, shop_key, channel,
total_transactions, refund_transactions, eligible_transactions,
applied_transactions, rejected_transactions, unique_customers,
total_qty, total_amount, total_discount, gross_qty, gross_amount, gross_discount,
points_earned, points_redeemed
