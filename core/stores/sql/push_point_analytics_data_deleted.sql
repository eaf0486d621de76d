SELECT card_key, hour AS hour_seconds,
    array_position('{earn,redeem,expire,adjust,reverse}', transaction_type)
        AS type_number,
    company_id, program_key, customer_key, date AS day, load_id, true AS is_deleted
FROM point_analytics_rollup_tombstone
WHERE load_id > %(watermark)s
