SELECT r.* FROM {table} r
WHERE r.transaction_date >= %(first)s AND r.transaction_date < %(following)s
  AND NOT EXISTS (SELECT FROM fact_document f WHERE f.order_key = r.order_key)
