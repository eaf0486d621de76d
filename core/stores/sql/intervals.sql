-- Who held what when, recomputed for the customers whose events changed.
INSERT INTO membership_event_data
SELECT r.* FROM stage_event_row r JOIN stage_document d USING (order_key);

INSERT INTO stage_member
SELECT r.company_id, r.customer_key, r.transaction_date
FROM stage_event_row r JOIN stage_document d USING (order_key);
ANALYZE stage_member;

WITH old AS (
    DELETE FROM membership_interval i
    USING (SELECT DISTINCT company_id, customer_key FROM stage_member) m
    WHERE i.customer_key = m.customer_key AND i.company_id = m.company_id
    RETURNING i.*
)
INSERT INTO stage_border
SELECT company_id, customer_key, date_from, membership_product_key, 1, -1 FROM old
UNION ALL SELECT company_id, customer_key, date_to, membership_product_key, -1, -1
FROM old WHERE date_to <> 'infinity';

WITH members AS (
    SELECT company_id, customer_key FROM stage_member GROUP BY 1, 2
), fresh AS (
    INSERT INTO membership_interval (customer_key, company_id, valid_from, valid_to,
        membership_product_key, date_from, date_to)
    {intervals}
    RETURNING *
)
INSERT INTO stage_border
SELECT company_id, customer_key, date_from, membership_product_key, 1, 1 FROM fresh
UNION ALL SELECT company_id, customer_key, date_to, membership_product_key, -1, 1
FROM fresh WHERE date_to <> 'infinity';

-- The days on which a membership begins or ends that did not before, or no longer does:
-- the others' detail may be archived.
INSERT INTO stage_customer_day
SELECT company_id, customer_key, date FROM stage_border
GROUP BY company_id, customer_key, date, membership_product_key, change
HAVING sum(sign) <> 0;

-- The days of the events themselves.
INSERT INTO stage_customer_day
SELECT m.company_id, m.customer_key,
    (m.instant AT TIME ZONE 'UTC' AT TIME ZONE c.timezone)::date
FROM stage_member m JOIN loyalty_reporting_company c USING (company_id);
