-- What was booked on some cards after an instant.
SELECT card_key, sum(CASE WHEN counts_as IN ('redeem', 'expire')
    THEN -points_counted ELSE points_counted END)::text
FROM point_analytics_data
WHERE card_key = ANY(%(cards)s)
  AND transaction_date > %(as_of)s AND transaction_date <= %(last)s
GROUP BY card_key
