-- A row's instant is within a day of its business day, in any zone.
SELECT {measures}
FROM promotion_order_data o
WHERE o.date >= %(first)s AND o.date < %(following)s
  AND o.transaction_date >= %(first)s::date - 1
  AND o.transaction_date < %(following)s::date + 1
GROUP BY o.company_id, o.program_key, o.shop_key, o.channel, o.date, o.hour
