-- The documents that the changes between two transactions touched, as (kind, key).
WITH changed AS (
    SELECT DISTINCT table_name, res_id FROM loyalty_reporting_change c WHERE {between}
),
regraded AS (
    SELECT id, partner_id FROM loyalty_reporting_grade_change c WHERE {between}
),
-- Everything that a card says of its holder stands on all of its rows.
card AS (
    SELECT res_id AS id FROM changed WHERE table_name = 'loyalty_card'
),
sale AS (
    SELECT res_id AS id FROM changed WHERE table_name = 'sale_order'
    {settling}
),
pos AS (
    SELECT res_id AS id FROM changed WHERE table_name = 'pos_order'
),
-- A row of the ledger belongs to its order as long as that is a document.
booked AS (
    SELECT h.id, h.order_model, h.order_id
    FROM card JOIN loyalty_history h ON h.card_id = card.id
    UNION
    SELECT h.id, h.order_model, h.order_id
    FROM sale JOIN loyalty_history h
        ON h.order_model = 'sale.order' AND h.order_id = sale.id
    UNION
    SELECT h.id, h.order_model, h.order_id
    FROM pos JOIN loyalty_history h
        ON h.order_model = 'pos.order' AND h.order_id = pos.id
    UNION
    SELECT res_id, NULL, NULL FROM changed WHERE table_name = 'loyalty_history'
)
SELECT 'order' AS kind, 'pos.order,' || id AS key FROM pos
UNION
SELECT 'order', 'sale.order,' || id FROM sale
UNION
SELECT 'order', order_model || ',' || order_id FROM booked
WHERE order_model IN ('pos.order', 'sale.order') AND order_id <> 0
UNION
SELECT 'points', (id * 2 + side)::text FROM booked, generate_series(0, 1) side
UNION
SELECT 'membership', id::text FROM regraded
