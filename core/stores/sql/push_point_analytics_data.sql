-- The types are numbered as in clickhouse/tables.sql.
SELECT card_key, hour AS hour_seconds,
    array_position('{earn,redeem,expire,adjust,reverse}', transaction_type)
        AS type_number,
    company_id, program_key, customer_key, date AS day, load_id, transactions,
    (points_earned * 10000)::bigint AS points_earned_e4,
    (points_redeemed * 10000)::bigint AS points_redeemed_e4,
    (points_expired * 10000)::bigint AS points_expired_e4,
    (points_adjusted * 10000)::bigint AS points_adjusted_e4,
    (balance * 10000)::bigint AS balance_e4,
    (balance_change * 10000)::bigint AS balance_change_e4
FROM point_analytics_rollup_data
WHERE load_id > %(watermark)s
