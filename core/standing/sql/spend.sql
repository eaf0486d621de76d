-- Spend, sales and refunds since each of some business days: of days that are over from
-- the days of the customers, of the instant's own day from its orders.
WITH days AS (
    SELECT d.date, d.spending AS amount, d.transactions AS orders,
        d.refund_transactions AS refunds
    FROM customer_day_data d
    WHERE d.customer_key = ANY(%(customers)s) AND d.company_id = %(company)s
      AND d.date < %(day)s
    UNION ALL
    SELECT o.date, o.amount, (NOT o.is_refund)::integer, o.is_refund::integer
    FROM customer_order_data o
    WHERE o.customer_key = ANY(%(customers)s) AND o.company_id = %(company)s
      AND o.date = %(day)s AND o.transaction_date <= %(as_of)s
      -- For the sake of the partitions.
      AND o.transaction_date > %(as_of)s - interval '2 days'
)
SELECT p.name, coalesce(sum(d.amount), 0)::text, coalesce(sum(d.orders), 0)::integer,
    coalesce(sum(d.refunds), 0)::integer, min(d.date) FILTER (WHERE d.orders > 0),
    max(d.date) FILTER (WHERE d.orders > 0)
FROM unnest(%(names)s::text[], %(since)s::date[]) AS p(name, since)
LEFT JOIN days d ON d.date >= p.since
GROUP BY p.name
