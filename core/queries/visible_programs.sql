-- Programs of a company: those with facts there, and those without facts anywhere
-- whose source feeds it. A program of another company does not exist for the caller.
SELECT p.external_id, p.id
FROM loyalty_reporting_program p
WHERE p.external_id = ANY(%(ids)s) AND (
    EXISTS (
        SELECT FROM promotion_day_data d
        WHERE d.program_key = p.id AND d.company_id = %(company)s)
    OR NOT EXISTS (SELECT FROM promotion_day_data d WHERE d.program_key = p.id)
    AND EXISTS (
        SELECT FROM loyalty_reporting_source_company m
        WHERE m.source = p.source AND m.company_id = %(company)s))
