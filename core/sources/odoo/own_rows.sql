-- Rows of the history that are documents of their own: of accounts, and of no order that
-- is a document. What was booked by hand is one row, what an order booked may be two.
SELECT h.id::bigint * 2 + side AS id, h.create_date
FROM loyalty_history h
JOIN loyalty_card k ON k.id = h.card_id
JOIN loyalty_program p ON p.id = k.program_id
LEFT JOIN pos_order pos ON h.order_model = 'pos.order' AND pos.id = h.order_id
LEFT JOIN sale_order o ON h.order_model = 'sale.order' AND o.id = h.order_id
JOIN generate_series(0, 1) side ON side = 0 OR h.order_id <> 0
WHERE (p.program_type IN ('loyalty', 'gift_card', 'ewallet') OR p.applies_on = 'both')
  AND coalesce(pos.state NOT IN ('paid', 'done', 'invoiced'),
               o.state <> 'sale' OR NOT {is_open}, true)
