order_key, transaction_id, seq, card_id, program_id, partner_id, transaction_date, hour,
expires_at, reverses_id, company_id, card_key, program_key, customer_key,
membership_product_key, date, is_first_order, transaction_type, counts_as,
points_counted, points_amount, balance_after, amount, origin, order_id
