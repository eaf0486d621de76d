-- The last redemptions on some cards, the newest first; not those of a customer who had
-- the card before.
SELECT r.card_key, r.transaction_id, r.card_id, r.program_id, p.name,
    r.transaction_date, r.date, r.points_amount::text, r.origin, r.order_id
FROM (
    SELECT * FROM point_analytics_data
    WHERE card_key = ANY(%(cards)s) AND company_id = %(company)s
      AND transaction_type = 'redeem'
      AND transaction_date >= %(first)s AND transaction_date <= %(as_of)s
      AND (customer_key IS NULL OR customer_key = ANY(%(customers)s))
    ORDER BY transaction_date DESC, seq DESC, transaction_id DESC
    LIMIT %(count)s
) r
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key
ORDER BY r.transaction_date DESC, r.seq DESC, r.transaction_id DESC
