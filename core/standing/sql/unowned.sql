-- Cards that nobody is said to own, with bookings of some customers.
SELECT DISTINCT r.card_key
FROM point_analytics_data r
JOIN loyalty_reporting_card k ON k.id = r.card_key
WHERE r.customer_key = ANY(%(customers)s) AND r.transaction_date <= %(as_of)s
  AND k.partner_id IS NULL
UNION
SELECT r.card_key
FROM card_past r
JOIN loyalty_reporting_card k ON k.id = r.card_key
WHERE r.customer_key = ANY(%(customers)s) AND r.transaction_date <= %(as_of)s
  AND k.partner_id IS NULL
