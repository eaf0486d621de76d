-- What another system records for its company (mapped to none) is no fact of ours: it
-- is left out without a word, or the same sales would count twice.
WITH ignored AS (
    DELETE FROM stage_order o
    USING loyalty_reporting_source_company m
    WHERE m.source = %(source)s AND m.external_id = o.company_id
      AND m.company_id IS NULL
    RETURNING o.id
), lines AS (
    DELETE FROM stage_line r USING ignored i WHERE r.order_id = i.id
), evaluations AS (
    DELETE FROM stage_evaluation r USING ignored i WHERE r.order_id = i.id
)
DELETE FROM stage_point r USING ignored i WHERE r.order_id = i.id;

DELETE FROM stage_point r
USING loyalty_reporting_source_company m
WHERE r.order_id IS NULL AND m.source = %(source)s AND m.company_id IS NULL
  AND (m.external_id = r.company_id OR r.company_id IS NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_source_company o
    WHERE o.source = %(source)s AND o.company_id IS NOT NULL));

DELETE FROM stage_membership_event r
USING loyalty_reporting_source_company m
WHERE m.source = %(source)s AND m.company_id IS NULL
  AND (m.external_id = r.company_id OR r.company_id IS NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_source_company o
    WHERE o.source = %(source)s AND o.company_id IS NOT NULL));
