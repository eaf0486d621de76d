-- The documents of which we hold rows in the month and that were not staged.
SELECT DISTINCT f.kind, f.document_key
FROM (
    SELECT order_key FROM promotion_report_detail_data
    WHERE transaction_date >= %(first)s AND transaction_date < %(following)s
    UNION SELECT order_key FROM promotion_evaluation_data
    WHERE transaction_date >= %(first)s AND transaction_date < %(following)s
    UNION SELECT order_key FROM customer_order_data
    WHERE transaction_date >= %(first)s AND transaction_date < %(following)s
    UNION SELECT order_key FROM membership_event_data
    WHERE transaction_date >= %(first)s AND transaction_date < %(following)s
    UNION SELECT order_key FROM point_analytics_data
    WHERE transaction_date >= %(first)s AND transaction_date < %(following)s
) r
JOIN fact_document f USING (order_key)
WHERE f.source = %(source)s
  AND NOT EXISTS (SELECT FROM stage_document d WHERE d.order_key = f.order_key)
