-- The documents that the changes between two transactions touched, as (kind, key):
-- those that are documents now, and those that we know as such. Whatever else is asked
-- for would be remembered as gone: every draft, for one.
WITH changed AS (
    SELECT DISTINCT table_name, res_id FROM loyalty_reporting_change WHERE {between}
),
-- What a row of the ledger says of its card's holder, and its balance, stand on all
-- rows of the card.
card AS (
    SELECT h.id, h.order_model, h.order_id
    FROM changed
    JOIN loyalty_history h ON h.card_id = changed.res_id
    WHERE changed.table_name = 'loyalty_card'
),
pos AS (
    SELECT res_id AS id FROM changed WHERE table_name = 'pos_order'
    UNION SELECT order_id FROM card WHERE order_model = 'pos.order'
),
sale AS (
    SELECT res_id AS id FROM changed WHERE table_name = 'sale_order'
    UNION SELECT order_id FROM card WHERE order_model = 'sale.order'
    {settling}
),
-- A row belongs to its order as long as that is a document.
booked AS (
    SELECT id FROM card
    UNION
    SELECT h.id
    FROM sale
    JOIN loyalty_history h ON h.order_model = 'sale.order' AND h.order_id = sale.id
    UNION
    SELECT h.id
    FROM pos JOIN loyalty_history h ON h.order_model = 'pos.order' AND h.order_id = pos.id
    UNION
    SELECT res_id FROM changed WHERE table_name = 'loyalty_history'
),
touched AS (
    SELECT 'order' AS kind, 'pos.order,' || pos.id AS key,
        o.state IN ('paid', 'done', 'invoiced', 'cancel') AS is_document
    FROM pos LEFT JOIN pos_order o ON o.id = pos.id
    UNION ALL
    SELECT 'order', 'sale.order,' || sale.id, o.state IN ('sale', 'cancel') AND {is_open}
    FROM sale LEFT JOIN sale_order o ON o.id = sale.id
    UNION ALL
    SELECT 'points', (booked.id::bigint * 2 + side)::text, own.id IS NOT NULL
    FROM booked
    CROSS JOIN generate_series(0, 1) side
    LEFT JOIN LATERAL (
        {own_rows} AND h.id = booked.id) own ON own.id = booked.id::bigint * 2 + side
    UNION ALL
    SELECT 'membership', id::text, true
    FROM loyalty_reporting_grade_change WHERE {between}
)
SELECT t.kind, t.key
FROM touched t
WHERE t.is_document OR EXISTS (
    SELECT FROM fact_document f
    WHERE f.document_key = t.key AND f.source = 'odoo' AND f.kind = t.kind
      AND NOT f.is_deleted)
