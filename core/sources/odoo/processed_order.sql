WITH {orders}
SELECT o.key AS id, o.partner_id, o.store_id, o.channel, o.ordered_at, o.amount_total,
    o.currency, NULL::boolean AS is_first_order, o.state,
    'pos.order,' || o.refund_of AS refund_of, o.company_id, 0 AS version,
    NULL::xid8 AS txid
FROM odoo_order o
