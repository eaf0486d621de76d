-- What each of some customers spent after one instant up to another, net of refunds: of the
-- business days between from the days of the customers, of the first and the last from
-- their orders. Of a first day whose orders are archived, nothing counts.
SELECT customer_key, sum(amount)::text
FROM (
    SELECT d.customer_key, d.spending AS amount
    FROM customer_day_data d
    WHERE d.customer_key = ANY(%(customers)s) AND d.company_id = %(company)s
      AND d.date > %(first_day)s AND d.date < %(day)s
    UNION ALL
    SELECT o.customer_key, o.amount
    FROM customer_order_data o,
        (SELECT %(first_day)s::date AS edge UNION SELECT %(day)s::date) edges
    WHERE o.customer_key = ANY(%(customers)s) AND o.company_id = %(company)s
      AND o.date = edge
      AND o.transaction_date > %(since)s AND o.transaction_date <= %(as_of)s
      -- For the sake of the partitions.
      AND o.transaction_date >= edge::timestamp - interval '1 day'
      AND o.transaction_date < edge::timestamp + interval '2 days'
) spent
GROUP BY customer_key
