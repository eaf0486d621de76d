SELECT r.company_id, r.program_key, r.date AS day,
    r.hour AS hour_seconds, r.shop_key, c.id AS channel,
    r.load_id, true AS is_deleted
FROM promotion_performance_tombstone r
JOIN loyalty_reporting_channel c ON c.name = r.channel
WHERE r.load_id > %(watermark)s
