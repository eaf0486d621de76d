-- The cards of some customers in a company, with their balances at an instant.
-- A card is its owner's, as the engine says now; where it says nothing, it is that
-- customer's to whom its last booking belongs. It is shown where it has bookings in the
-- company; without any at all, where its source feeds the company.
-- The balance is what card_state holds, less what was booked after the instant: of a
-- card that several companies use, over all of them.
WITH candidate AS (
    SELECT id, bool_or(is_owned) AS is_owned
    FROM (
        SELECT k.id, true AS is_owned
        FROM loyalty_reporting_customer c
        JOIN loyalty_reporting_card k
            ON k.partner_id = c.external_id AND k.source = c.source
        WHERE c.id = ANY(%(customers)s)
        UNION ALL
        SELECT DISTINCT r.card_key, false
        FROM point_analytics_data r
        WHERE r.customer_key = ANY(%(customers)s) AND r.transaction_date <= %(as_of)s
    ) named
    GROUP BY id
)
SELECT k.id, k.external_id, p.external_id, p.name, k.active,
    (coalesce(s.balance, 0) - coalesce(later.effect, 0))::text,
    last.balance_after::text, last.transaction_date, p.odoo_program_id
FROM candidate
JOIN loyalty_reporting_card k USING (id)
LEFT JOIN card_state s ON s.card_key = k.id
LEFT JOIN LATERAL (
    SELECT r.customer_key, r.program_id, r.balance_after, r.transaction_date
    FROM point_analytics_data r
    WHERE r.card_key = k.id AND r.transaction_date <= %(as_of)s
    ORDER BY r.transaction_date DESC, r.seq DESC, r.transaction_id DESC
    LIMIT 1
) last ON true
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN r.counts_as IN ('redeem', 'expire')
        THEN -r.points_counted ELSE r.points_counted END) AS effect
    FROM point_analytics_data r
    WHERE r.card_key = k.id AND r.transaction_date > %(as_of)s
) later ON true
LEFT JOIN loyalty_reporting_program p
    ON p.source = k.source AND p.external_id = coalesce(k.program_id, last.program_id)
WHERE (candidate.is_owned
       OR k.partner_id IS NULL AND last.customer_key = ANY(%(customers)s))
  AND (EXISTS (
        SELECT FROM point_analytics_data r
        WHERE r.card_key = k.id AND r.company_id = %(company)s
          AND r.transaction_date <= %(as_of)s)
       OR s.card_key IS NULL AND EXISTS (
        SELECT FROM loyalty_reporting_source_company m
        WHERE m.source = k.source AND m.company_id = %(company)s))
ORDER BY k.external_id, k.id
