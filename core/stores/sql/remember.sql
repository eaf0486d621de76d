-- Write the map, and settle the dead letters of the documents that were staged.
INSERT INTO fact_document AS f (order_key, source, kind, document_key, version,
    content_hash, transaction_date, first_month, currency, currency_rate,
    is_deleted, load_id)
SELECT d.order_key, %(source)s, d.kind, d.document_key,
    d.version, d.content_hash,
    CASE WHEN d.state NOT IN ('basket', 'gone') THEN d.transaction_date END,
    coalesce(d.first_month, date_trunc('month', coalesce(d.transaction_date, (
        SELECT min(r.transaction_date) FROM stage_order_row r
        WHERE d.state = 'basket' AND r.order_key = d.order_key), now()))::date),
    d.currency, d.currency_rate, d.state = 'gone', %(load_id)s
FROM stage_document d
ON CONFLICT (order_key) DO UPDATE
SET version = excluded.version, content_hash = excluded.content_hash,
    transaction_date = excluded.transaction_date, currency = excluded.currency,
    currency_rate = excluded.currency_rate, is_deleted = excluded.is_deleted,
    load_id = excluded.load_id;
