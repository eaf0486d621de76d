(NOT EXISTS (
    SELECT FROM pos_order_line settled
    JOIN pos_order there ON there.id = settled.order_id
    WHERE settled.sale_order_origin_id = o.id AND settled.sale_order_line_id IS NOT NULL
      AND there.state IN ('paid', 'done', 'invoiced'))
 OR EXISTS (
    SELECT FROM sale_order_line l
    WHERE l.order_id = o.id AND l.display_type IS NULL AND l.reward_id IS NULL
      AND l.is_downpayment IS NOT TRUE AND l.product_uom_qty > 0
      AND {open_share} > 0))
