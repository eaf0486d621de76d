-- The accounts whose points are not what their history says: somebody wrote the points
-- directly, merged two customers, or changed a sale after its confirmation.
WITH {accounts},
touched_card AS (
    SELECT k.id AS card_id FROM loyalty_card k WHERE {card}
),
{ledger}
SELECT k.id AS card_id, k.program_id, k.partner_id, k.company_id,
    -- As text: Odoo makes a float of a number.
    round(coalesce(k.points, 0)::numeric, 4)::text AS points,
    coalesce(l.balance, 0)::text AS ledger,
    (round(coalesce(k.points, 0)::numeric, 4) - coalesce(l.balance, 0))::text
        AS difference
FROM loyalty_card k
JOIN account_program p ON p.id = k.program_id
LEFT JOIN (SELECT card_id, sum(net) AS balance FROM history GROUP BY card_id) l
    ON l.card_id = k.id
WHERE round(coalesce(k.points, 0)::numeric, 4) <> coalesce(l.balance, 0) AND {card}
ORDER BY k.id
