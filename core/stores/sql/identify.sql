-- Give every staged document its key in the map, old or new. Runs under the load
-- lock, so that two loaders cannot both think a document new.
INSERT INTO stage_document (document_key, kind, version, content_hash)
SELECT k.document_key, 'gone', 0, 0
FROM (SELECT DISTINCT document_key FROM stage_key) k
JOIN fact_document f
    ON f.document_key = k.document_key AND f.source = %(source)s AND f.kind = 'order'
WHERE NOT f.is_deleted
  AND NOT EXISTS (
    SELECT FROM stage_document d WHERE d.document_key = k.document_key);

UPDATE stage_document d
SET order_key = f.order_key, first_month = f.first_month,
    old_date = f.transaction_date, old_load_id = f.load_id
FROM fact_document f
WHERE f.document_key = d.document_key AND f.source = %(source)s AND f.kind = 'order';

UPDATE stage_document
SET order_key = nextval('fact_document_order_key_seq')
WHERE order_key IS NULL;
