-- The membership at which the rows of {table} were made, anew for the customers whose
-- events changed, from the first of those on.
WITH changed AS (
    UPDATE {table} o
    SET membership_product_key = loyalty_reporting_product_held(
        o.company_id, o.customer_key, o.transaction_date)
    FROM (SELECT company_id, customer_key, min(instant) AS instant
          FROM stage_member GROUP BY 1, 2) m
    WHERE o.customer_key = m.customer_key AND o.company_id = m.company_id
      AND o.transaction_date >= m.instant
      AND o.membership_product_key <> loyalty_reporting_product_held(
        o.company_id, o.customer_key, o.transaction_date)
    RETURNING o.company_id, o.customer_key, o.date
)
INSERT INTO stage_customer_day SELECT * FROM changed;
