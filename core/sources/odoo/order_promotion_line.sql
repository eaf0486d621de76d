-- Programs that are no account: a row for each line that the program applied to. Of an
-- account (points, gift card, eWallet): one row for the order.
-- An id is made of the row's own, the program's and one of four kinds, within 53 bits.
WITH {orders}, {lines}, {bookings}, {rewards},
applied AS (
    SELECT p.key, p.line_id::bigint * 4194304 + s.program_id * 4
            + CASE p.model WHEN 'pos.order' THEN 0 ELSE 1 END AS id,
        s.program_id, p.product_id, p.qty, p.amount, sum(s.discount) AS discount
    FROM share s
    JOIN paid p ON p.key = s.key AND p.line_id = s.line_id
    WHERE NOT s.is_account
    GROUP BY p.key, p.model, p.line_id, s.program_id, p.product_id, p.qty, p.amount
    UNION ALL
    -- Free products of sales: lines of their own.
    SELECT l.key, l.id::bigint * 4194304 + r.program_id * 4 + 1, r.program_id, l.product_id,
        l.qty, l.amount, l.given
    FROM odoo_line l
    JOIN loyalty_reward r ON r.id = l.reward_id
    WHERE l.given IS NOT NULL
      AND NOT EXISTS (SELECT FROM account_program a WHERE a.id = r.program_id)
    UNION ALL
    -- Rewards of an order that has nothing to bear them.
    SELECT u.key, o.id::bigint * 4194304 + u.program_id * 4
            + CASE o.model WHEN 'pos.order' THEN 2 ELSE 3 END,
        u.program_id, NULL, 0, 0, sum(u.value)
    FROM reward_use u
    JOIN odoo_order o USING (key)
    WHERE NOT u.is_account AND NOT EXISTS (
        SELECT FROM share s WHERE s.key = u.key AND s.reward_id = u.reward_id)
    GROUP BY u.key, o.id, o.model, u.program_id
),
moved AS (
    SELECT key, program_id, value AS discount, 0 AS earned, 0 AS redeemed
    FROM reward_use WHERE is_account
    UNION ALL
    SELECT l.key, r.program_id, l.given, 0, 0
    FROM odoo_line l
    JOIN loyalty_reward r ON r.id = l.reward_id
    JOIN account_program a ON a.id = r.program_id
    WHERE l.given IS NOT NULL
    UNION ALL
    SELECT key, program_id, 0, earned, redeemed FROM booking WHERE key IS NOT NULL
)
SELECT a.id, a.key AS order_id, a.program_id, a.product_id, a.qty, a.amount, a.discount,
    0::numeric AS points_earned, 0::numeric AS points_redeemed, 0 AS version,
    NULL::xid8 AS txid
FROM applied a
UNION ALL
SELECT o.id::bigint * 4194304 + m.program_id * 4
        + CASE o.model WHEN 'pos.order' THEN 2 ELSE 3 END,
    o.key, m.program_id, NULL, coalesce(b.qty, 0), o.amount_total, sum(m.discount),
    sum(m.earned), sum(m.redeemed), 0, NULL::xid8
FROM moved m
JOIN odoo_order o USING (key)
LEFT JOIN (SELECT key, sum(qty) AS qty FROM paid GROUP BY key) b USING (key)
GROUP BY o.id, o.key, o.model, b.qty, o.amount_total, m.program_id
