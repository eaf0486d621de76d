-- What each of some customers spent after one instant up to another, net of refunds: of the
-- business days between from the days and archived months of the customers, of the first
-- and the last from their orders. NULL is not known: where the first day lies amid an
-- archived month in which the customer bought, or its orders are archived and are some.
SELECT customer_key, CASE WHEN NOT bool_or(is_cut) THEN sum(amount)::text END
FROM (
    SELECT s.customer_key, s.spending AS amount, s.first_day <= %(first_day)s AS is_cut
    FROM customer_spend s
    WHERE s.customer_key = ANY(%(customers)s) AND s.company_id = %(company)s
      AND s.last_day < %(day)s
      AND (s.last_day > %(first_day)s OR s.last_day = %(first_day)s
        AND (s.transactions > 0 OR s.refund_transactions > 0) AND EXISTS (
        SELECT FROM archived_month a
        WHERE a.month <= loyalty_reporting_end_of(%(first_day)s, %(zone)s)
          AND a.month + interval '1 month' > %(since)s))
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
