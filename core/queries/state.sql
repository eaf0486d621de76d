-- What the stores hold, and whose data it is: several databases may share a cache,
-- and a restored one may count its loads a second time.
SELECT s.system_identifier || '/' || current_database(),
    t.timeline_id || '/' || d.oid, f.load_id,
    (SELECT coalesce(sum(amount), 0)::bigint FROM loyalty_reporting_renaming), c.epoch, c.pushing, c.watermark, c.pushed_at,
    (SELECT min(saved_at) FROM loyalty_reporting_cursor
     -- Streams run ahead of these, backfills are beside them.
     WHERE position ->> 'phase' IN ('first', 'window', 'sweep'))
FROM fact_load f, loyalty_reporting_clickhouse c, pg_control_system() s,
    pg_control_checkpoint() t, pg_database d
WHERE d.datname = current_database()
