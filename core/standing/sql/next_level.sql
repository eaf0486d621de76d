-- The product that comes next after a rank, and what was told of it in Odoo; without a
-- rank (no member yet) the lowest.
SELECT p.external_id, p.name, p.level, p.rank,
    (p.threshold ->> (%(company)s)::text)::numeric::text,
    (p.threshold_days ->> (%(company)s)::text)::integer
FROM loyalty_reporting_membership_product p
WHERE p.source = ANY(%(sources)s) AND p.rank IS NOT NULL
  AND (%(rank)s IS NULL OR p.rank > %(rank)s)
ORDER BY p.rank, p.external_id, p.id
LIMIT 1
