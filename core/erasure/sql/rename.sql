-- Before the customers themselves: cards say by identifier whose they are.
UPDATE loyalty_reporting_card k SET partner_id = -c.id
FROM loyalty_reporting_customer c
WHERE c.id = ANY(%(customers)s) AND c.source = k.source
  AND k.partner_id = c.external_id;

UPDATE loyalty_reporting_card SET external_id = -id WHERE id = ANY(%(cards)s);

UPDATE loyalty_reporting_customer SET external_id = -id, partner_id = NULL
WHERE id = ANY(%(customers)s);
