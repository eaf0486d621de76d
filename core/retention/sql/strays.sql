-- What loads must find of a month that leaves: documents whose instant lies elsewhere,
-- and bookings that others depend on.
DELETE FROM archived_stray WHERE month = %(month)s;
INSERT INTO archived_stray (order_key, month)
SELECT r.order_key, %(month)s::date
FROM (
    SELECT order_key FROM promotion_report_detail_data
    WHERE transaction_date >= %(month)s AND transaction_date < %(following)s
    UNION
    SELECT order_key FROM promotion_evaluation_data
    WHERE transaction_date >= %(month)s AND transaction_date < %(following)s
    UNION
    SELECT order_key FROM customer_order_data
    WHERE transaction_date >= %(month)s AND transaction_date < %(following)s
    UNION
    SELECT order_key FROM point_analytics_data
    WHERE transaction_date >= %(month)s AND transaction_date < %(following)s
) r
LEFT JOIN fact_document f USING (order_key)
WHERE (f.transaction_date >= %(month)s AND f.transaction_date < %(following)s)
    IS NOT TRUE;

DELETE FROM archived_booking WHERE month = %(month)s;
INSERT INTO archived_booking (card_key, transaction_id, month, transaction_type,
    reverses_id)
SELECT DISTINCT ON (card_key, transaction_id) card_key, transaction_id, %(month)s::date,
    transaction_type, reverses_id
FROM point_analytics_data
WHERE transaction_date >= %(month)s AND transaction_date < %(following)s
  AND transaction_type IN ('reverse', 'adjust')
ORDER BY card_key, transaction_id, transaction_type DESC;
