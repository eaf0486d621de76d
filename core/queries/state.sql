-- What the stores hold, and whose data it is: several databases may share a cache,
-- and a restored one may count its loads a second time. And the last load that may have
-- changed the figures of a company up to a day.
SELECT s.system_identifier || '/' || current_database(),
    t.timeline_id || '/' || d.oid,
    greatest(loyalty_reporting_general_load(), (
        SELECT max(g.load_id) FROM loyalty_reporting_changed g
        WHERE g.company_id = %(company_id)s AND g.family = ''
          AND g.first_month <= %(date_to)s)),
    (SELECT coalesce(sum(amount), 0)::bigint FROM loyalty_reporting_renaming), c.epoch,
    c.pushing OR EXISTS (SELECT FROM loyalty_reporting_copy_month), c.watermark, c.pushed_at,
    (SELECT min(saved_at) FROM loyalty_reporting_cursor
     -- Streams run ahead of these, backfills are beside them.
     WHERE position ->> 'phase' IN ('first', 'window', 'sweep'))
FROM fact_load f, loyalty_reporting_clickhouse c, pg_control_system() s,
    pg_control_checkpoint() t, pg_database d
WHERE d.datname = current_database()
