-- Spend, sales and refunds since each of some business days: of days that are over from
-- the days and archived months of the customers, of the instant's own day from its orders.
-- One that begins amid an archived month in which they bought is cut: not known.
WITH part AS (
    SELECT s.first_day, s.last_day, s.spending AS amount, s.transactions AS orders,
        s.refund_transactions AS refunds, s.first_sale, s.last_sale
    FROM customer_spend s
    WHERE s.customer_key = ANY(%(customers)s) AND s.company_id = %(company)s
      AND s.last_day < %(day)s
    UNION ALL
    SELECT o.date, o.date, o.amount, (NOT o.is_refund)::integer, o.is_refund::integer,
        CASE WHEN NOT o.is_refund THEN o.date END,
        CASE WHEN NOT o.is_refund THEN o.date END
    FROM customer_order_data o
    WHERE o.customer_key = ANY(%(customers)s) AND o.company_id = %(company)s
      AND o.date = %(day)s AND o.transaction_date <= %(as_of)s
      -- For the sake of the partitions.
      AND o.transaction_date > %(as_of)s - interval '2 days'
)
SELECT p.name, coalesce(bool_or(s.first_day < p.since), false),
    coalesce(sum(s.amount), 0)::text, coalesce(sum(s.orders), 0)::integer,
    coalesce(sum(s.refunds), 0)::integer, min(s.first_sale), max(s.last_sale)
FROM unnest(%(names)s::text[], %(since)s::date[]) AS p(name, since)
LEFT JOIN part s ON s.last_day >= p.since
GROUP BY p.name
