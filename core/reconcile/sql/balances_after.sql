-- Cards whose last row in order was booked in the month and shows another balance
-- than their rows add up to.
SELECT p.date, 'card_id=' || p.card_id || ' transaction_id=' || p.transaction_id,
    f.kind, f.document_key, c.balance::text, p.balance_after::text
FROM card_state c
CROSS JOIN LATERAL (
    SELECT * FROM point_analytics_data p
    WHERE p.card_key = c.card_key AND p.transaction_date >= c.last_hour
    ORDER BY p.transaction_date DESC, p.seq DESC, p.transaction_id DESC LIMIT 1
) p
JOIN fact_document f USING (order_key)
WHERE f.source = %(source)s
  AND p.transaction_date >= %(first)s AND p.transaction_date < %(following)s
  AND p.balance_after <> c.balance
ORDER BY p.date, p.card_key
