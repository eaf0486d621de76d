-- The documents to be replaced, with a content that none of them has. Those that wait for
-- an archived month keep what is there: nothing replaces it now.
CREATE TEMP TABLE mend_document (order_key bigint, transaction_date timestamp)
    ON COMMIT DROP;
WITH forgotten AS (
    UPDATE fact_document f
    SET content_hash = hashint8extended(f.content_hash, 19)
    WHERE f.source = %(source)s AND (f.kind, f.document_key) IN (
        SELECT * FROM unnest(%(kinds)s::text[], %(keys)s::text[]))
      AND NOT EXISTS (
        SELECT FROM loyalty_reporting_dead_letter l
        WHERE l.source = f.source AND l.kind = f.kind
          AND l.document_key = f.document_key
          AND l.state = 'open' AND l.road IS NOT NULL)
    RETURNING f.order_key, f.transaction_date
)
INSERT INTO mend_document SELECT * FROM forgotten;
ANALYZE mend_document;
