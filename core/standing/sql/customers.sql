-- The customers that an identifier names: {column} is the engine's or Odoo's.
SELECT id, source, external_id, partner_id
FROM loyalty_reporting_customer
WHERE {column} = %(id)s
ORDER BY id
