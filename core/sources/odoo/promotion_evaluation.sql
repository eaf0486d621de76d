-- Odoo keeps no trace of a program that was considered and not applied: only `applied`
-- is known, so that its conversion is always 1.
WITH {orders}, {lines}, {bookings},
used AS (
    SELECT l.key, r.program_id
    FROM odoo_line l JOIN loyalty_reward r ON r.id = l.reward_id
    WHERE l.state = 'done'
    UNION
    SELECT b.key, b.program_id FROM booking b WHERE b.key IS NOT NULL AND b.earned > 0
)
SELECT o.id::bigint * 4194304 + u.program_id * 4
        + CASE o.model WHEN 'pos.order' THEN 2 ELSE 3 END AS id,
    o.key AS order_id, u.program_id, o.partner_id, o.ordered_at AS evaluated_at,
    'applied' AS outcome, NULL AS reason, 0 AS version, NULL::xid8 AS txid
FROM used u
JOIN odoo_order o USING (key)
WHERE o.state = 'done'
