-- The last booking of each of some cards up to an instant; none is before `low`. Of those
-- that are archived, card_past knows the last.
SELECT c.card_key, r.customer_key, r.company_id, r.balance_after::text,
    r.transaction_date, p.external_id, p.name, p.odoo_program_id
FROM unnest(%(cards)s::integer[]) AS c(card_key)
CROSS JOIN LATERAL (
    (SELECT f.customer_key, f.company_id, f.balance_after, f.transaction_date,
        f.program_key
    FROM point_analytics_data f
    WHERE f.card_key = c.card_key
      AND f.transaction_date >= %(low)s AND f.transaction_date <= %(as_of)s
    ORDER BY f.transaction_date DESC, f.seq DESC, f.transaction_id DESC
    LIMIT 1)
    UNION ALL
    SELECT a.customer_key, a.company_id, a.balance_after, a.transaction_date,
        a.program_key
    FROM card_past a
    WHERE a.card_key = c.card_key
      AND a.transaction_date >= %(low)s AND a.transaction_date <= %(as_of)s
    ORDER BY transaction_date DESC
    LIMIT 1
) r
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key
