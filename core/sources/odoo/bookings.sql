{accounts},
touched_card AS (
    SELECT h.card_id FROM loyalty_history h
    WHERE h.order_model = 'pos.order' AND h.order_id = ANY(ARRAY(
        SELECT id FROM odoo_order WHERE model = 'pos.order'))
    UNION
    SELECT h.card_id FROM loyalty_history h
    WHERE h.order_model = 'sale.order' AND h.order_id = ANY(ARRAY(
        SELECT id FROM odoo_order WHERE model = 'sale.order'))
    UNION
    SELECT h.card_id FROM loyalty_history h WHERE {own}
),
{ledger},
-- The point of sale books the net of what an order earns and spends; what it spent
-- stands on the order's reward lines. A refund's reward lines spend nothing.
spent AS (
    SELECT l.key, l.card_id, min(l.id) AS line_id,
        round(sum(l.points_cost)::numeric, 4) AS points
    FROM odoo_line l
    WHERE l.model = 'pos.order' AND l.state = 'done' AND l.reward_id IS NOT NULL
      AND l.card_id IS NOT NULL
    GROUP BY l.key, l.card_id
    HAVING round(sum(l.points_cost)::numeric, 4) <> 0
),
booking AS MATERIALIZED (
    SELECT o.key, h.id::bigint * 2 AS id, h.card_id, h.program_id, h.partner_id, h.booked_at,
        h.expiration_date, h.company_id, h.balance, o.refund_of, false AS is_manual,
        CASE WHEN o.model = 'pos.order'
            THEN h.net + CASE WHEN h.is_last THEN coalesce(s.points, 0) ELSE 0 END
            ELSE h.issued END AS earned,
        CASE WHEN o.model = 'sale.order' THEN h.used
             WHEN h.is_last THEN coalesce(s.points, 0) ELSE 0 END AS redeemed
    FROM odoo_order o
    JOIN history h ON h.order_model = o.model AND h.order_id = o.id
    LEFT JOIN spent s ON s.key = o.key AND s.card_id = h.card_id
    WHERE o.state <> 'void'
    UNION ALL
    -- An order that earns just what it spends leaves no row at all.
    SELECT o.key, -2 * s.line_id::bigint, s.card_id, k.program_id, k.partner_id, o.booked_at,
        k.expiration_date, p.company_id, NULL, NULL, false, s.points, s.points
    FROM spent s
    JOIN odoo_order o USING (key)
    JOIN loyalty_card k ON k.id = s.card_id
    JOIN account_program p ON p.id = k.program_id AND NOT p.pays
    WHERE k.id = ANY(ARRAY(SELECT card_id FROM spent)) AND NOT EXISTS (
        SELECT FROM history h
        WHERE h.card_id = s.card_id AND h.order_model = o.model AND h.order_id = o.id)
    UNION ALL
    -- Rows of no document: by hand, or of an order that is none (any more).
    SELECT NULL, h.id::bigint * 2, h.card_id, h.program_id, h.partner_id, h.booked_at,
        h.expiration_date, h.company_id, h.balance, NULL, h.order_id IS NULL,
        CASE WHEN h.order_id IS NULL THEN h.net ELSE h.issued END,
        CASE WHEN h.order_id IS NULL THEN 0 ELSE h.used END
    FROM history h
    LEFT JOIN pos_order pos ON h.order_model = 'pos.order' AND pos.id = h.order_id
        AND pos.id = ANY(ARRAY(SELECT h.order_id FROM history h WHERE {own}))
    LEFT JOIN sale_order o ON h.order_model = 'sale.order' AND o.id = h.order_id
        AND o.id = ANY(ARRAY(SELECT h.order_id FROM history h WHERE {own}))
    WHERE {own}
      AND coalesce(pos.state NOT IN ('paid', 'done', 'invoiced'),
                   o.state <> 'sale' OR NOT {is_open}, true)
      AND EXISTS (
        SELECT FROM res_company company
        WHERE company.id = coalesce(
                pos.company_id, o.company_id, h.company_id, company.id)
          AND company.loyalty_reporting_system = 'odoo')
)
