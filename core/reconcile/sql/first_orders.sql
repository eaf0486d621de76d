-- Sales of a month that the source calls first orders and are not, or the other way
-- round. Of several orders at a customer's first instant, any may be called the first.
SELECT o.date, 'order_key=' || o.order_key, f.kind, f.document_key,
    (NOT o.is_first_order)::text, o.is_first_order::text
FROM customer_order_data o
JOIN fact_document f USING (order_key)
WHERE f.source = %(source)s
  AND o.transaction_date >= %(first)s AND o.transaction_date < %(following)s
  AND o.customer_key IS NOT NULL AND NOT o.is_refund
  AND CASE o.is_first_order
      -- What is archived is among the days of customers still.
      WHEN true THEN EXISTS (
        SELECT FROM customer_day_data e
        WHERE e.customer_key = o.customer_key AND e.company_id = o.company_id
          AND e.transactions > 0 AND e.date < o.date)
        OR EXISTS (
        SELECT FROM customer_month e
        WHERE e.customer_key = o.customer_key AND e.company_id = o.company_id
          AND e.first_sale < o.date)
        OR EXISTS (
        SELECT FROM customer_order_data e
        WHERE e.customer_key = o.customer_key AND e.company_id = o.company_id
          AND NOT e.is_refund AND e.transaction_date < o.transaction_date)
      WHEN false THEN NOT EXISTS (
        SELECT FROM customer_day_data e
        WHERE e.customer_key = o.customer_key AND e.company_id = o.company_id
          AND e.transactions > 0 AND e.date < o.date)
        AND NOT EXISTS (
        SELECT FROM customer_month e
        WHERE e.customer_key = o.customer_key AND e.company_id = o.company_id
          AND e.first_sale < o.date)
        AND NOT EXISTS (
        SELECT FROM customer_order_data e
        WHERE e.customer_key = o.customer_key AND e.company_id = o.company_id
          AND NOT e.is_refund AND e.order_key <> o.order_key
          AND e.transaction_date <= o.transaction_date)
      ELSE false END
ORDER BY o.date, o.order_key
