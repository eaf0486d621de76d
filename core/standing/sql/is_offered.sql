-- Does a source that feeds a company know a customer who is linked to a contact?
SELECT EXISTS (
    SELECT
    FROM loyalty_reporting_source_company m
    JOIN loyalty_reporting_customer c USING (source)
    WHERE m.company_id = %(company)s AND c.partner_id IS NOT NULL
)
