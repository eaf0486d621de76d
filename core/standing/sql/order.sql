-- The first or last ({order}) sale of a business day up to an instant; none of a day
-- whose orders may be archived in part.
SELECT o.order_id, o.transaction_date, o.date, o.amount::text
FROM customer_order_data o
WHERE o.customer_key = ANY(%(customers)s) AND o.company_id = %(company)s
  AND NOT o.is_refund AND o.date = %(day)s AND o.transaction_date <= %(as_of)s
  -- For the sake of the partitions.
  AND o.transaction_date >= %(day)s::timestamp - interval '1 day'
  AND o.transaction_date < %(day)s::timestamp + interval '2 days'
  AND NOT EXISTS (
    SELECT FROM archived_month a
    WHERE a.month <= loyalty_reporting_end_of(%(day)s::date, %(zone)s)
      AND a.month + interval '1 month - 1 microsecond'
        > loyalty_reporting_end_of(%(day)s::date - 1, %(zone)s))
ORDER BY o.transaction_date {order}, o.order_id COLLATE "C" {order}
LIMIT 1
