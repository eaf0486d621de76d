-- Those of some cards that have a booking in a company up to an instant.
SELECT DISTINCT card_key
FROM point_analytics_data
WHERE card_key = ANY(%(cards)s) AND company_id = %(company)s
  AND transaction_date >= %(first)s AND transaction_date <= %(as_of)s
UNION
SELECT card_key FROM card_past
WHERE card_key = ANY(%(cards)s) AND company_id = %(company)s
  AND transaction_date <= %(as_of)s
