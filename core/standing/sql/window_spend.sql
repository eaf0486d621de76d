-- What each of some customers spent after one instant up to another, net of refunds.
SELECT customer_key, sum(amount)::text
FROM customer_order_data
WHERE customer_key = ANY(%(customers)s) AND company_id = %(company)s
  AND transaction_date > %(since)s AND transaction_date <= %(as_of)s
GROUP BY customer_key
