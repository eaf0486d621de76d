-- The last redemptions on some cards, the newest first, and how much of each a reverse
-- has given back. What another customer redeemed on the card before is not shown.
SELECT r.card_id, r.program_id, p.name, r.transaction_date, r.date,
    r.points_amount::text, coalesce((
        SELECT -sum(v.points_counted) FROM point_analytics_data v
        WHERE v.card_key = r.card_key AND v.reverses_id = r.transaction_id
          AND v.transaction_type = 'reverse' AND v.counts_as = 'redeem'
          AND v.transaction_date >= %(first)s AND v.transaction_date <= %(as_of)s),
        0)::text,
    r.origin, r.order_id
FROM (
    SELECT * FROM point_analytics_data
    WHERE card_key = ANY(%(cards)s) AND company_id = %(company)s
      AND transaction_type = 'redeem'
      AND transaction_date >= %(since)s AND transaction_date <= %(as_of)s
      AND (customer_key IS NULL OR customer_key = ANY(%(customers)s))
    ORDER BY transaction_date DESC, seq DESC, transaction_id DESC
    LIMIT %(count)s
) r
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key
ORDER BY r.transaction_date DESC, r.seq DESC, r.transaction_id DESC
