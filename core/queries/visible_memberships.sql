-- Membership products of a company: those of whoever held one there, and those that
-- nobody held anywhere whose source feeds it.
SELECT p.external_id, p.id
FROM loyalty_reporting_membership_product p
WHERE p.external_id = ANY(%(ids)s) AND (
    EXISTS (
        SELECT FROM membership_analytics_data d
        WHERE d.membership_product_key = p.id AND d.company_id = %(company)s)
    OR NOT EXISTS (
        SELECT FROM membership_analytics_data d WHERE d.membership_product_key = p.id)
    AND EXISTS (
        SELECT FROM loyalty_reporting_source_company m
        WHERE m.source = p.source AND m.company_id = %(company)s))
