-- Programs with rows in a company's ledger, and those without rows anywhere whose
-- source feeds it.
SELECT p.external_id, p.id
FROM loyalty_reporting_program p
WHERE p.external_id = ANY(%(ids)s) AND (
    EXISTS (
        SELECT FROM point_analytics_rollup_data d
        WHERE d.program_key = p.id AND d.company_id = %(company)s)
    OR EXISTS (
        SELECT FROM loyalty_reporting_source_company m
        WHERE m.source = p.source AND m.company_id = %(company)s))
