SELECT r.company_id::bigint, r.program_key::bigint,
    (r.date - date '1970-01-01')::bigint AS day,
    extract(epoch FROM r.hour)::bigint AS hour, r.shop_key::bigint,
    c.id::bigint AS channel, r.load_id, 1::bigint AS is_deleted
FROM promotion_performance_tombstone r
JOIN loyalty_reporting_channel c ON c.name = r.channel
WHERE r.load_id > %(watermark)s
