INSERT INTO customer_day_tombstone
SELECT o.company_id, o.customer_key, o.date, o.membership_product_key, %(load_id)s
FROM stage_old_day o
WHERE NOT EXISTS (
    SELECT FROM {fresh} n
    WHERE n.customer_key = o.customer_key AND n.date = o.date
      AND n.company_id = o.company_id
      AND n.membership_product_key = o.membership_product_key);
