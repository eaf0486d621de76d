company_id, program_key, card_key, customer_key, date, hour, transaction_type, load_id,
transactions, points_earned, points_redeemed, points_expired, points_adjusted, balance,
balance_change
