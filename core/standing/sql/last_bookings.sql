-- The last booking of each of some cards up to an instant; none is before `low`.
SELECT c.card_key, r.customer_key, r.company_id, r.balance_after::text,
    r.transaction_date, p.external_id, p.name, p.odoo_program_id
FROM unnest(%(cards)s::integer[]) AS c(card_key)
CROSS JOIN LATERAL (
    SELECT f.* FROM point_analytics_data f
    WHERE f.card_key = c.card_key
      AND f.transaction_date >= %(low)s AND f.transaction_date <= %(as_of)s
    ORDER BY f.transaction_date DESC, f.seq DESC, f.transaction_id DESC
    LIMIT 1
) r
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key
