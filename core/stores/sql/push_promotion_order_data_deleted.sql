SELECT order_key, program_key, first_month AS first_day, load_id,
    true AS is_deleted
FROM promotion_order_tombstone
WHERE load_id > %(watermark)s
