-- Their documents were hashed with the identifiers, which could be found out by trying.
UPDATE fact_document SET content_hash = NULL
WHERE order_key IN (
    SELECT order_key FROM customer_order_data WHERE customer_key = ANY(%(customers)s)
    UNION ALL
    SELECT order_key FROM membership_event_data
    WHERE customer_key = ANY(%(customers)s)
    UNION ALL
    SELECT order_key FROM point_analytics_data
    WHERE customer_key = ANY(%(customers)s) OR card_key = ANY(%(cards)s))
  AND content_hash IS NOT NULL;
