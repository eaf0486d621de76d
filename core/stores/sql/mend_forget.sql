-- The documents to be replaced, with a content that none of them has.
CREATE TEMP TABLE mend_document (order_key bigint, transaction_date timestamp)
    ON COMMIT DROP;
WITH forgotten AS (
    UPDATE fact_document f
    SET content_hash = hashint8extended(f.content_hash, 19)
    WHERE f.source = %(source)s AND (f.kind, f.document_key) IN (
        SELECT * FROM unnest(%(kinds)s::text[], %(keys)s::text[]))
    RETURNING f.order_key, f.transaction_date
)
INSERT INTO mend_document SELECT * FROM forgotten;
ANALYZE mend_document;
