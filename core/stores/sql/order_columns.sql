order_key, transaction_date, hour, company_id, shop_key, customer_key,
membership_product_key, date, is_refund, is_first_order, partner_id, order_id, channel,
refund_of, amount, currency, currency_rate, currency_amount
