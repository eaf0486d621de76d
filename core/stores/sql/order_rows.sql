SELECT d.order_key, d.transaction_date, d.hour, d.company_id, d.shop_key,
    d.customer_key, coalesce(i.membership_product_key, 0), d.date, d.state = 'refund',
    d.is_first_order, d.partner_id, d.document_key, d.channel, d.refund_of, d.amount,
    d.currency, d.currency_rate, d.currency_amount
FROM stage_document d
LEFT JOIN membership_interval i
    ON i.customer_key = d.customer_key AND i.company_id = d.company_id
   AND i.valid_from <= d.transaction_date AND i.valid_to > d.transaction_date
WHERE d.kind = 'order' AND d.state IN ('sale', 'refund')
