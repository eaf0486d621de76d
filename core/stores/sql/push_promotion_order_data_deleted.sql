SELECT order_key, program_key::bigint,
    (first_month - date '1970-01-01')::bigint AS first_day, load_id,
    1::bigint AS is_deleted
FROM promotion_order_tombstone
WHERE load_id > %(watermark)s
