-- The part of a sale's line that was not settled in the point of sale.
greatest(0, 1 - coalesce((
    SELECT sum(settled.qty * product_uom.factor / line_uom.factor)
    FROM pos_order_line settled
    JOIN pos_order there ON there.id = settled.order_id
    JOIN product_product variant ON variant.id = settled.product_id
    JOIN product_template kind ON kind.id = variant.product_tmpl_id
    JOIN uom_uom product_uom ON product_uom.id = kind.uom_id
    JOIN uom_uom line_uom ON line_uom.id = coalesce(l.product_uom_id, kind.uom_id)
    WHERE settled.sale_order_line_id = l.id
      AND there.state IN ('paid', 'done', 'invoiced') AND NOT there.is_refund
    )::numeric / nullif(l.product_uom_qty, 0), 0))
