-- The cards of some customers that are not erased yet: as the engine says, or because
-- nobody else ever used them, as their hours say, and what is kept of those.
SELECT k.id, k.source, k.external_id
FROM loyalty_reporting_card k
WHERE k.external_id <> -k.id AND (
    EXISTS (
        SELECT FROM loyalty_reporting_customer c
        WHERE c.id = ANY(%(customers)s) AND c.source = k.source
          AND c.external_id = k.partner_id)
    OR k.id IN (
        SELECT p.card_key FROM point_change p
        WHERE p.customer_key = ANY(%(customers)s))
    AND NOT EXISTS (
        SELECT FROM point_change o
        WHERE o.card_key = k.id AND o.customer_key <> 0
          AND o.customer_key <> ALL(%(customers)s)))
ORDER BY k.id
