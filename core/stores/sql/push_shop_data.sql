SELECT id AS shop_key, %(epoch)s::bigint AS version, external_id AS store_id
FROM loyalty_reporting_shop
