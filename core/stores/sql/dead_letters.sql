-- Refused are rows of what was staged, and events that could not be read.
INSERT INTO stage_reject
SELECT table_name, document_key, row_key, reason, raw, kind FROM stage_unread;

-- An index holds no more than 2,700 bytes: long keys are kept as their beginning and
-- digest.
UPDATE stage_reject
SET document_key = pg_temp.kept_key(document_key), row_key = pg_temp.kept_key(row_key)
WHERE octet_length(document_key) > 1000 OR octet_length(row_key) > 1000;

-- The staged documents were read whole, and a staged row is no longer elsewhere:
-- what was refused of them before is settled, unless it is refused again. There may be
-- many dead letters: joins let those be looked up that are meant.
UPDATE loyalty_reporting_dead_letter l
SET state = 'resolved', last_seen = now() AT TIME ZONE 'UTC'
FROM (
    SELECT l.id
    FROM stage_key k
    JOIN loyalty_reporting_dead_letter l
        ON l.document_key = pg_temp.kept_key(k.document_key) AND l.kind = k.kind
    WHERE l.state = 'open' AND l.source = %(source)s
    UNION
    SELECT l.id
    FROM (SELECT DISTINCT kind FROM stage_key WHERE document_key = '') k
    JOIN loyalty_reporting_dead_letter l
        ON l.document_key IS NULL AND l.kind = k.kind
    WHERE l.state = 'open' AND l.source = %(source)s
    UNION
    SELECT l.id
    FROM (
        SELECT 'program' AS table_name, id::text AS row_key FROM stage_program
        UNION ALL SELECT 'membership_product', id::text FROM stage_membership_product
        UNION ALL SELECT 'point_card', id::text FROM stage_card
        UNION ALL SELECT 'membership_event', id::text FROM stage_membership_event
        UNION ALL SELECT 'point_transaction', id::text FROM stage_point
        UNION ALL SELECT 'processed_order', pg_temp.kept_key(id) FROM stage_order
        UNION ALL SELECT 'order_promotion_line', id::text FROM stage_line
        UNION ALL SELECT 'promotion_evaluation', id::text FROM stage_evaluation
    ) s
    JOIN loyalty_reporting_dead_letter l
        ON l.table_name = s.table_name AND coalesce(l.row_key, md5(l.raw)) = s.row_key
    WHERE l.state = 'open' AND l.source = %(source)s AND l.row_key IS NOT NULL
) known
-- A document that waits, unless what we know now would stand against it. That what came
-- has the same version proves nothing of an event: it may have been refused.
WHERE l.id = known.id AND (l.road IS NULL OR EXISTS (
    SELECT FROM fact_document f
    WHERE f.source = l.source AND f.kind = l.kind AND f.document_key = l.document_key
      AND (f.version > l.version
           OR %(is_current)s
              AND (f.version = l.version OR l.road = 'database' OR %(stands)s))))
  AND NOT EXISTS (
    SELECT FROM stage_reject r
    WHERE r.table_name = l.table_name AND r.row_key IS NOT DISTINCT FROM l.row_key
      AND r.reason = l.reason AND (r.row_key IS NOT NULL OR r.raw = l.raw));

INSERT INTO loyalty_reporting_dead_letter AS l
    (source_name, source, kind, table_name, document_key, row_key, reason, raw)
SELECT DISTINCT ON (table_name, coalesce(row_key, md5(raw)))
    %(source_name)s, %(source)s, coalesce(kind, table_name), table_name, document_key,
    row_key, reason, raw
FROM stage_reject
ON CONFLICT (source, table_name, coalesce(row_key, md5(raw))) WHERE state = 'open'
DO UPDATE SET times = l.times + 1, raw = excluded.raw, reason = excluded.reason,
    document_key = excluded.document_key, kind = excluded.kind,
    last_seen = now() AT TIME ZONE 'UTC';
