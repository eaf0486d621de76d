SELECT id AS membership_product_key, external_id AS membership_product_id,
    level AS membership_level
FROM loyalty_reporting_membership_product
ORDER BY id
