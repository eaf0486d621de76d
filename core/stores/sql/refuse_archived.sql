-- Refuse the documents that depend on a month that cannot be restored: they stay as they
-- are known, and their rows are not read again by themselves.
WITH refused AS (
    DELETE FROM stage_document d
    USING (
        SELECT m.order_key, min(m.month) AS month FROM stage_month m
        WHERE m.month = ANY(%(months)s::date[]) GROUP BY m.order_key
    ) r
    WHERE r.order_key = d.order_key
    RETURNING d.kind, d.document_key, d.version, r.month
), keys AS (
    DELETE FROM stage_key k USING refused r
    WHERE k.kind = r.kind AND k.document_key = r.document_key
)
INSERT INTO stage_reject
SELECT CASE r.kind WHEN 'order' THEN 'processed_order' WHEN 'points'
        THEN 'point_transaction' ELSE 'membership_event' END,
    r.document_key, r.document_key,
    'archived period: ' || (%(reasons)s::jsonb ->> r.month::text),
    format('{"id": %%s, "version": %%s}', to_json(r.document_key), r.version), r.kind
FROM refused r;
