-- The cards that the rows above the watermark name.
SELECT id AS card_key, %(epoch)s::bigint AS version, external_id AS card_id
FROM loyalty_reporting_card
WHERE %(watermark)s = 0 OR id IN (
    SELECT card_key FROM point_analytics_rollup_data WHERE load_id > %(watermark)s)
