-- What reverses gave back on some cards up to an instant, by card and reversed row.
SELECT card_key, reverses_id, sum(CASE WHEN counts_as = 'redeem'
    THEN -points_counted ELSE 0 END)::text
FROM point_analytics_data
WHERE card_key = ANY(%(cards)s) AND transaction_type = 'reverse'
  AND transaction_date >= %(first)s AND transaction_date <= %(as_of)s
GROUP BY 1, 2
