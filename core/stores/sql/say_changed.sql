-- Whose figures this load changed, of which family of reports, and from when on.
WITH touched AS (
    SELECT company_id, 'promotions' AS family, date FROM stage_bucket
    UNION ALL
    SELECT company_id, CASE WHEN membership_product_key > 0 THEN 'membership' ELSE '' END,
        date
    FROM (SELECT * FROM stage_new_day UNION ALL SELECT * FROM stage_old_day) days
    UNION ALL
    SELECT company_id, 'points', date
    FROM (SELECT * FROM stage_point_bucket UNION ALL SELECT * FROM stage_old_bucket) hours
    UNION ALL
    SELECT company_id, '', date FROM stage_customer_day
    UNION ALL
    -- The business day may be the one before that of UTC.
    SELECT company_id, '', instant::date - 1 FROM stage_member
), begun AS (
    SELECT company_id, date_trunc('month', min(date))::date AS first_month
    FROM touched GROUP BY company_id
)
INSERT INTO loyalty_reporting_changed (company_id, family, first_month, load_id)
SELECT company_id, family, first_month, %(load_id)s
FROM (
    SELECT company_id, family FROM touched
    UNION
    SELECT company_id, '' FROM begun
) families
JOIN begun USING (company_id)
ON CONFLICT (company_id, family, first_month) DO UPDATE SET load_id = excluded.load_id;

-- Loads before this one that did not say it changed, too, whatever they did.
UPDATE fact_load
SET general_load_id = CASE WHEN said_load_id < load_id - 1 THEN load_id - 1
                           ELSE general_load_id END,
    said_load_id = load_id;
