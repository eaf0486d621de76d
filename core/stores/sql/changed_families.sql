-- Whose figures this load changed, of which family of reports.
INSERT INTO loyalty_reporting_changed
SELECT company_id, family, %(load_id)s
FROM (
    SELECT company_id, 'promotions' AS family FROM stage_bucket
    UNION
    SELECT company_id, 'membership' FROM stage_new_day WHERE membership_product_key > 0
    UNION
    SELECT company_id, 'membership' FROM stage_old_day WHERE membership_product_key > 0
    UNION
    SELECT company_id, 'points' FROM stage_point_bucket
    UNION
    SELECT company_id, 'points' FROM stage_old_bucket
) touched
ON CONFLICT (company_id, family) DO UPDATE SET load_id = excluded.load_id;
