-- The accepted events as rows of the table {event}.
INSERT INTO {event} (order_key, event_id, transaction_date, hour, company_id,
    customer_key, from_product_key, to_product_key, date, partner_id, event_type,
    order_id)
SELECT d.order_key, e.id, d.transaction_date, d.hour, d.company_id, d.customer_key,
    f.id, t.id, d.date, e.partner_id, e.event_type, e.order_id
FROM stage_membership_event e
JOIN stage_document d
    ON d.kind = 'membership' AND d.document_key = e.id::text AND d.state = 'event'
LEFT JOIN loyalty_reporting_membership_product f
    ON f.source = %(source)s AND f.external_id = e.from_membership_product_id
LEFT JOIN loyalty_reporting_membership_product t
    ON t.source = %(source)s AND t.external_id = e.to_membership_product_id;
