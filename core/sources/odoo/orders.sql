-- The documents of the scope, of both kinds, without drafts and quotations: they are
-- no documents. Only companies whose system of record is Odoo. Amounts are as the
-- order says: tax included, after rewards, and after what a gift card or an eWallet paid.
odoo_order AS MATERIALIZED (
    SELECT 'pos.order' AS model, o.id, 'pos.order,' || o.id AS key, o.partner_id,
        o.config_id AS store_id, 'pos' AS channel,
        o.date_order AT TIME ZONE 'UTC' AS ordered_at,
        round(o.amount_total, c.decimal_places) AS amount_total, c.name AS currency,
        c.decimal_places AS digits,
        CASE WHEN o.state = 'cancel' THEN 'void'
             WHEN o.is_refund OR o.amount_total < 0 THEN 'refund'
             ELSE 'done' END AS state,
        r.refund_of, o.company_id, o.create_date AT TIME ZONE 'UTC' AS booked_at
    FROM pos_order o
    JOIN res_company company
        ON company.id = o.company_id AND company.loyalty_reporting_system = 'odoo'
    JOIN pos_config config ON config.id = o.config_id
    JOIN res_currency c ON c.id = coalesce(config.currency_id, company.currency_id)
    LEFT JOIN LATERAL (
        SELECT min(origin.order_id) AS refund_of
        FROM pos_order_line l
        JOIN pos_order_line origin ON origin.id = l.refunded_orderline_id
        WHERE l.order_id = o.id) r ON true
    WHERE o.state IN ('paid', 'done', 'invoiced', 'cancel') AND {pos}
    UNION ALL
    -- What was settled in the point of sale counts there, in its POS order.
    SELECT 'sale.order', o.id, 'sale.order,' || o.id, o.partner_id, NULL,
        {sale_channel}, o.date_order AT TIME ZONE 'UTC',
        round(o.amount_total - {settled_amount}, c.decimal_places), c.name,
        c.decimal_places,
        CASE WHEN o.state = 'cancel' THEN 'void'
             WHEN o.amount_total < 0 THEN 'refund'
             ELSE 'done' END,
        NULL, o.company_id, o.create_date AT TIME ZONE 'UTC'
    FROM sale_order o
    JOIN res_company company
        ON company.id = o.company_id AND company.loyalty_reporting_system = 'odoo'
    JOIN res_currency c ON c.id = o.currency_id
    WHERE o.state IN ('sale', 'cancel') AND {is_open} AND {sale}
)
