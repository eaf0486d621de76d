-- The cards that the engine says are some customers', now, and those of `found`; with
-- what we remember of them: their balance after their last booking, and the first and
-- the last clock hour in which they have any.
SELECT k.id, k.external_id, k.active, k.program_id, p.name, p.odoo_program_id,
    s.balance::text, s.first_hour, s.last_hour,
    EXISTS (SELECT FROM loyalty_reporting_source_company m
            WHERE m.source = k.source AND m.company_id = %(company)s)
FROM (
    SELECT o.id
    FROM loyalty_reporting_customer c
    JOIN loyalty_reporting_card o
        ON o.partner_id = c.external_id AND o.source = c.source
    WHERE c.id = ANY(%(customers)s)
    UNION
    SELECT unnest(%(found)s::integer[])
) named
JOIN loyalty_reporting_card k USING (id)
LEFT JOIN card_state s ON s.card_key = k.id
LEFT JOIN loyalty_reporting_program p
    ON p.source = k.source AND p.external_id = k.program_id
ORDER BY k.external_id, k.id
