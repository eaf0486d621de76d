SELECT company_id, membership_product_key, date AS day, load_id, true AS is_deleted
FROM membership_analytics_tombstone
WHERE load_id > %(watermark)s
