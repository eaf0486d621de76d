-- The staged documents were read whole, and a staged row is no longer elsewhere:
-- what was refused of them before is settled, unless it is refused again. An index
-- holds no more than 2,700 bytes: long keys are kept as their beginning and digest.
UPDATE stage_reject
SET document_key = pg_temp.kept_key(document_key), row_key = pg_temp.kept_key(row_key)
WHERE octet_length(document_key) > 1000 OR octet_length(row_key) > 1000;

UPDATE loyalty_reporting_dead_letter l
SET state = 'resolved', last_seen = now() AT TIME ZONE 'UTC'
WHERE l.state = 'open' AND l.source = %(source)s
  AND ((l.kind, coalesce(l.document_key, '')) IN (
               SELECT kind, pg_temp.kept_key(document_key) FROM stage_key)
       OR (l.table_name, l.row_key) IN (
            SELECT 'program', id::text FROM stage_program
            UNION ALL SELECT 'membership_product', id::text FROM stage_membership_product
            UNION ALL SELECT 'point_card', id::text FROM stage_card
            UNION ALL SELECT 'membership_event', id::text FROM stage_membership_event
            UNION ALL SELECT 'point_transaction', id::text FROM stage_point
            UNION ALL SELECT 'processed_order', id FROM stage_order
            UNION ALL SELECT 'order_promotion_line', id::text FROM stage_line
            UNION ALL SELECT 'promotion_evaluation', id::text FROM stage_evaluation))
  AND NOT EXISTS (
    SELECT FROM stage_reject r
    WHERE r.table_name = l.table_name AND r.row_key IS NOT DISTINCT FROM l.row_key
      AND r.reason = l.reason AND (r.row_key IS NOT NULL OR r.raw = l.raw));

INSERT INTO loyalty_reporting_dead_letter AS l
    (source_name, source, kind, table_name, document_key, row_key, reason, raw)
SELECT DISTINCT ON (table_name, coalesce(row_key, md5(raw)))
    %(source_name)s, %(source)s, coalesce(kind, table_name), table_name, document_key, row_key, reason, raw
FROM stage_reject
ON CONFLICT (source, table_name, coalesce(row_key, md5(raw))) WHERE state = 'open'
DO UPDATE SET times = l.times + 1, raw = excluded.raw, reason = excluded.reason,
    document_key = excluded.document_key, kind = excluded.kind,
    last_seen = now() AT TIME ZONE 'UTC';
