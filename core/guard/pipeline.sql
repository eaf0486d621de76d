-- How far the pipeline is, in one row.
SELECT f.load_id, c.watermark, c.problem, current_setting('server_version') AS version,
    (SELECT max(name) FROM loyalty_reporting_schema) AS schema,
    (SELECT min(saved_at) FROM loyalty_reporting_cursor
     -- Streams run ahead of these, backfills are beside them.
     WHERE position ->> 'phase' IN ('first', 'window', 'sweep')) AS data_as_of
FROM fact_load f, loyalty_reporting_clickhouse c
