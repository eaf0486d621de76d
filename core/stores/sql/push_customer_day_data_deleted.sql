SELECT customer_key, date AS day, company_id, membership_product_key, load_id,
    true AS is_deleted
FROM customer_day_tombstone
WHERE load_id > %(watermark)s
