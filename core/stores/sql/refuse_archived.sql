-- Set aside the documents that depend on a month that is away and cannot be restored now:
-- whole, in letters that are loaded by themselves later (core/stores/aside.py). Refused for
-- good are those that depend on one that has expired. They all stay as they are known.
-- Parameters: months, reasons (month → text), and those of the load.
WITH dependent AS (
    SELECT m.order_key, bool_or(a.state = 'expired') AS has_expired,
        coalesce(min(m.month) FILTER (WHERE a.state = 'expired'), min(m.month)) AS month
    FROM stage_month m
    JOIN loyalty_reporting_archive a ON a.month = m.month AND a.is_away
    WHERE m.month = ANY(%(months)s::date[])
    GROUP BY m.order_key
), refused AS (
    DELETE FROM stage_document d USING dependent r
    WHERE r.order_key = d.order_key
    RETURNING d.kind, d.document_key, d.version, r.has_expired,
        'archived period: ' || (%(reasons)s::jsonb ->> r.month::text) AS reason
), keys AS (
    DELETE FROM stage_key k USING refused r
    WHERE k.kind = r.kind AND k.document_key = r.document_key
), waiting AS (
    SELECT * FROM refused WHERE NOT has_expired
), staged AS (
    SELECT w.kind, w.document_key, 'stage_order' AS stage, to_jsonb(s) AS staged
    FROM waiting w JOIN stage_order s ON w.kind = 'order' AND s.id = w.document_key
    UNION ALL
    SELECT w.kind, w.document_key, 'stage_line', to_jsonb(s)
    FROM waiting w JOIN stage_line s ON w.kind = 'order' AND s.order_id = w.document_key
    UNION ALL
    SELECT w.kind, w.document_key, 'stage_evaluation', to_jsonb(s)
    FROM waiting w
    JOIN stage_evaluation s ON w.kind = 'order' AND s.order_id = w.document_key
    UNION ALL
    SELECT w.kind, w.document_key, 'stage_point', to_jsonb(s)
    FROM waiting w
    JOIN stage_point s ON w.document_key = coalesce(s.order_id, s.id::text)
        AND w.kind = CASE WHEN s.order_id IS NULL THEN 'points' ELSE 'order' END
    UNION ALL
    SELECT w.kind, w.document_key, 'stage_membership_event', to_jsonb(s)
    FROM waiting w
    JOIN stage_membership_event s ON w.kind = 'membership' AND s.id::text = w.document_key
), documents AS (
    SELECT kind, document_key, jsonb_object_agg(stage, of_stage) AS raw
    FROM (
        SELECT kind, document_key, stage, jsonb_agg(staged) AS of_stage
        FROM staged GROUP BY kind, document_key, stage
    ) s
    GROUP BY kind, document_key
), letters AS (
    INSERT INTO loyalty_reporting_dead_letter AS l (source_name, source, kind, table_name,
        document_key, row_key, reason, raw, road, stands, version)
    SELECT %(source_name)s, %(source)s, w.kind, 'document', w.document_key,
        w.kind || ' ' || w.document_key,
        w.reason || ' The document is kept here whole and loaded by itself, within an'
            ' hour after that is over.',
        -- What is gone has no rows.
        coalesce(d.raw, '{}'), %(road)s, %(stands)s, w.version
    FROM waiting w LEFT JOIN documents d USING (kind, document_key)
    ON CONFLICT (source, table_name, coalesce(row_key, md5(raw))) WHERE state = 'open'
    DO UPDATE SET times = l.times + 1, last_seen = now() AT TIME ZONE 'UTC',
        reason = excluded.reason,
        -- The one is kept that would stand if both had been loaded: see outdated.sql.
        (source_name, raw, road, stands, version) = (
            SELECT s.source_name, s.raw, s.road, s.stands, s.version
            FROM (VALUES
                (true, excluded.source_name, excluded.raw, excluded.road, excluded.stands,
                    excluded.version),
                (false, l.source_name, l.raw, l.road, l.stands, l.version)
            ) s (is_new, source_name, raw, road, stands, version)
            WHERE s.is_new = (excluded.version > l.version OR excluded.stands
                OR excluded.road = 'database'
                    AND (l.road = 'database' OR excluded.version = l.version)))
)
INSERT INTO stage_reject
SELECT CASE r.kind WHEN 'order' THEN 'processed_order' WHEN 'points'
        THEN 'point_transaction' ELSE 'membership_event' END,
    r.document_key, r.document_key, r.reason,
    format('{"id": %%s, "version": %%s}', to_json(r.document_key), r.version), r.kind
FROM refused r WHERE r.has_expired;
