-- Members of {members} of a company: those with facts there, and those without facts
-- anywhere whose source feeds it. What is another company's does not exist for the
-- caller.
SELECT p.external_id, p.id
FROM {members} p
WHERE p.external_id = ANY(%(ids)s) AND (
    EXISTS (
        SELECT FROM {facts} d WHERE d.{key} = p.id AND d.company_id = %(company)s)
    OR NOT EXISTS (SELECT FROM {facts} d WHERE d.{key} = p.id)
    AND EXISTS (
        SELECT FROM loyalty_reporting_source_company m
        WHERE m.source = p.source AND m.company_id = %(company)s))
