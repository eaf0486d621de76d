SELECT f.load_id, c.epoch, c.pushing, c.watermark, c.pushed_at, (
    SELECT min(saved_at) FROM loyalty_reporting_cursor)
FROM fact_load f, loyalty_reporting_clickhouse c
