-- Who was merged into the old one before follows.
UPDATE loyalty_reporting_alias SET customer_key = %(new)s WHERE customer_key = %(old)s;

INSERT INTO loyalty_reporting_alias (source, external_id, customer_key)
SELECT source, external_id, %(new)s FROM loyalty_reporting_customer WHERE id = %(old)s
ON CONFLICT (source, external_id) DO UPDATE SET customer_key = excluded.customer_key;

UPDATE loyalty_reporting_card k SET partner_id = n.external_id
FROM loyalty_reporting_customer o, loyalty_reporting_customer n
WHERE o.id = %(old)s AND n.id = %(new)s AND k.source = o.source
  AND k.partner_id = o.external_id;

-- Their content is not what it was; read again, it replaces what is known.
WITH documents AS (
    UPDATE fact_document SET content_hash = NULL
    WHERE NOT is_deleted AND order_key IN (
        SELECT order_key FROM customer_order_data WHERE customer_key = %(old)s
        UNION ALL
        SELECT order_key FROM promotion_order_data WHERE customer_key = %(old)s
        UNION ALL
        SELECT order_key FROM membership_event_data WHERE customer_key = %(old)s
        UNION ALL
        SELECT order_key FROM point_analytics_data WHERE customer_key = %(old)s)
    RETURNING kind, document_key
)
SELECT kind, array_agg(document_key) FROM documents GROUP BY kind;
