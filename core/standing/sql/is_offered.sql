-- Does a source that feeds a company know a customer who is linked to a contact? Begun at
-- the sources: where there is none, nothing else is looked at.
SELECT EXISTS (
    SELECT
    FROM loyalty_reporting_source_company m
    CROSS JOIN LATERAL (
        SELECT
        FROM loyalty_reporting_customer c
        WHERE c.source = m.source AND c.partner_id IS NOT NULL
        LIMIT 1
    ) linked
    WHERE m.company_id = %(company)s
)
