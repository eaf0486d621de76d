coalesce((
    SELECT sum(settled.price_subtotal_incl)
    FROM pos_order_line settled
    JOIN pos_order there ON there.id = settled.order_id
    WHERE settled.sale_order_origin_id = o.id
      AND there.state IN ('paid', 'done', 'invoiced')), 0)
