-- What each of some customers spent after one instant up to another, net of refunds: of the
-- business days between from the days and archived months of the customers, of the first
-- and the last from their orders. Of a first day whose orders are archived, nothing counts.
-- NULL where it lies amid an archived month in which the customer bought: not known.
SELECT customer_key, CASE WHEN NOT bool_or(is_cut) THEN sum(amount)::text END
FROM (
    SELECT s.customer_key, s.spending AS amount, s.first_day <= %(first_day)s AS is_cut
    FROM customer_spend s
    WHERE s.customer_key = ANY(%(customers)s) AND s.company_id = %(company)s
      AND s.last_day > %(first_day)s AND s.last_day < %(day)s
    UNION ALL
    SELECT o.customer_key, o.amount, false
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
