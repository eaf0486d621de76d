-- Orders of customers and rows of the ledger, at the membership that holds then; and
-- the days of the customers that this touches.
WITH fresh AS (
    INSERT INTO customer_order_data ({order_columns})
    {order_rows}
    RETURNING company_id, customer_key, date
)
INSERT INTO stage_customer_day
SELECT * FROM fresh WHERE customer_key IS NOT NULL;

-- They were staged at the membership that held before this load.
UPDATE stage_point_row r
SET membership_product_key = loyalty_reporting_product_held(
    r.company_id, r.customer_key, r.transaction_date)
FROM (SELECT DISTINCT company_id, customer_key FROM stage_member) m
WHERE r.customer_key = m.customer_key AND r.company_id = m.company_id;

INSERT INTO point_analytics_data
SELECT r.* FROM stage_point_row r JOIN stage_document d USING (order_key);

INSERT INTO stage_customer_day
SELECT r.company_id, r.customer_key, r.date
FROM stage_point_row r JOIN stage_document d USING (order_key)
WHERE r.customer_key IS NOT NULL;

INSERT INTO stage_booked
SELECT r.card_key, r.transaction_id, r.hour
FROM stage_point_row r JOIN stage_document d USING (order_key);

-- A reverse counts in the type of the row that it reverses, on the same card; either
-- may come first.
WITH reverses AS (
    SELECT r.order_key, r.transaction_id, r.transaction_date, r.card_key, r.reverses_id
    FROM point_analytics_data r
    JOIN stage_booked b ON b.card_key = r.card_key AND b.transaction_id = r.reverses_id
    WHERE r.transaction_type = 'reverse'
    UNION
    SELECT r.order_key, r.transaction_id, r.transaction_date, r.card_key, r.reverses_id
    FROM stage_point_row r JOIN stage_document d USING (order_key)
    WHERE r.transaction_type = 'reverse'
), resolved AS (
    {resolve_reverses}
    RETURNING p.company_id, p.customer_key, p.date, p.card_key, p.transaction_id, p.hour
), days AS (
    INSERT INTO stage_customer_day
    SELECT company_id, customer_key, date FROM resolved WHERE customer_key IS NOT NULL
)
INSERT INTO stage_booked SELECT card_key, transaction_id, hour FROM resolved;
