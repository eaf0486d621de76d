-- Documents on their way: touched where the cursor has not read, or told of by an
-- event since the reconciliation began. And those of which rows are archived, or that wait
-- for an archived month, whole, in a letter.
DELETE FROM stage_document d
WHERE (d.kind, d.document_key) IN (
        SELECT * FROM unnest(%(kinds)s::text[], %(keys)s::text[]))
   OR EXISTS (
        SELECT FROM fact_document f
        WHERE f.order_key = d.order_key AND f.load_id > %(since)s
          AND (f.version > d.version OR d.state = 'gone' AND NOT f.is_deleted))
   OR d.order_key IN (SELECT order_key FROM archived_document)
   OR d.kind <> 'membership' AND EXISTS (
        SELECT FROM fact_document f
        JOIN archived_month a ON f.transaction_date >= a.month
            AND f.transaction_date < a.month + interval '1 month'
        WHERE f.order_key = d.order_key)
   OR EXISTS (
        SELECT FROM loyalty_reporting_dead_letter l
        WHERE l.source = %(source)s AND l.kind = d.kind
          AND l.document_key = d.document_key
          AND l.state = 'open' AND l.road IS NOT NULL)
