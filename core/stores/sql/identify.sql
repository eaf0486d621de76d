-- Give every staged document its key in the map, old or new. Runs under the load
-- lock, so that two loaders cannot both think a document new.
--
-- What the source's database does not hold, or not as a document, is gone. It leaves a
-- mark even where we never knew it: an event that comes late must not bring it back.
INSERT INTO stage_document (kind, document_key, state, version, content_hash)
SELECT k.kind, k.document_key, 'gone', 9223372036854775807, 0
FROM (SELECT DISTINCT kind, document_key FROM stage_key) k
WHERE %(road)s = 'database' AND k.document_key <> ''
  AND octet_length(k.document_key) <= 1000
  AND NOT EXISTS (
    SELECT FROM stage_document d
    WHERE d.document_key = k.document_key AND d.kind = k.kind);

UPDATE stage_document d
SET order_key = f.order_key, first_month = f.first_month,
    old_date = f.transaction_date, old_load_id = f.load_id
FROM fact_document f
WHERE f.document_key = d.document_key AND f.source = %(source)s AND f.kind = d.kind;

UPDATE stage_document
SET order_key = nextval('fact_document_order_key_seq')
WHERE order_key IS NULL;
