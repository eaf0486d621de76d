-- The lines of the orders. Rows of Odoo's tables are found by arrays of ids, and all
-- joins here can be hash joins: the planner, which knows nothing of what WITH holds, is
-- forbidden nested loops (odoo_db.py). A line that refunds another belongs to the reward of that
-- one: the point of sale does not copy it. `given` is what a free product of a sale
-- would have cost, tax included: Odoo sells it at a discount of 100%.
odoo_line AS MATERIALIZED (
    SELECT o.model, o.key, o.id AS order_id, o.digits, o.state, l.id, l.product_id,
        l.qty, l.price_unit, round(l.price_subtotal_incl, o.digits) AS amount,
        coalesce(l.reward_id, (
            SELECT origin.reward_id FROM pos_order_line origin
            WHERE origin.id = l.refunded_orderline_id)) AS reward_id,
        coalesce(l.coupon_id, (
            SELECT origin.coupon_id FROM pos_order_line origin
            WHERE origin.id = l.refunded_orderline_id)) AS card_id,
        coalesce(l.points_cost, 0) AS points_cost,
        false AS is_delivery, NULL::numeric AS given
    FROM odoo_order o
    JOIN pos_order_line l ON l.order_id = o.id
    WHERE o.model = 'pos.order' AND o.state <> 'void'
      AND l.order_id = ANY(ARRAY(SELECT id FROM odoo_order WHERE model = 'pos.order'))
    UNION ALL
    SELECT o.model, o.key, o.id, o.digits, o.state, l.id, l.product_id,
        l.product_uom_qty * share.open, l.price_unit,
        round(l.price_total * share.open, o.digits),
        l.reward_id, l.coupon_id, coalesce(l.points_cost, 0), {is_delivery},
        CASE WHEN reward.reward_type = 'product' THEN round(
            share.open * (l.price_unit * l.product_uom_qty + tax.amount - l.price_total),
            o.digits) END
    FROM odoo_order o
    JOIN sale_order_line l ON l.order_id = o.id
    JOIN res_company company ON company.id = o.company_id
    CROSS JOIN LATERAL (SELECT {open_share} AS open) share
    LEFT JOIN loyalty_reward reward ON reward.id = l.reward_id
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(CASE t.amount_type
            WHEN 'fixed' THEN t.amount * l.product_uom_qty
            ELSE t.amount / 100 * l.price_unit * l.product_uom_qty END), 0) AS amount
        FROM account_tax_sale_order_line_rel r
        LEFT JOIN account_tax_filiation_rel f ON f.parent_tax = r.account_tax_id
        JOIN account_tax t ON t.id = coalesce(f.child_tax, r.account_tax_id)
        WHERE r.sale_order_line_id = l.id AND reward.reward_type = 'product'
          AND coalesce(t.price_include_override, company.account_price_include)
              <> 'tax_included') tax ON true
    WHERE o.model = 'sale.order' AND o.state <> 'void'
      AND l.order_id = ANY(ARRAY(SELECT id FROM odoo_order WHERE model = 'sale.order'))
      AND l.display_type IS NULL AND l.is_downpayment IS NOT TRUE AND share.open > 0
)
