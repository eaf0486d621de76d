-- Order grain: one row for a program and an order, with what it sold and how it
-- was evaluated, and a hash of the rows it stands for (xor: their order is no content).

INSERT INTO stage_order_row (order_key, transaction_date, hour, load_id, program_key,
    company_id, shop_key, customer_key, date, first_month, line_count, is_refund,
    is_eligible, is_applied, is_rejected, channel, qty, amount, discount,
    points_earned, points_redeemed, content_hash)
SELECT order_key, coalesce(d.transaction_date, e.transaction_date),
    coalesce(d.hour, e.hour), 0, program_key, d.company_id, d.shop_key,
    d.customer_key, coalesce(d.date, e.date),
    date_trunc('month', coalesce(d.transaction_date, e.transaction_date))::date,
    coalesce(l.line_count, 0), d.state = 'refund', coalesce(e.is_eligible, false),
    coalesce(e.is_applied, false), coalesce(e.is_rejected, false), d.channel,
    coalesce(l.qty, 0), coalesce(l.amount, 0), coalesce(l.discount, 0),
    coalesce(l.points_earned, 0), coalesce(l.points_redeemed, 0),
    coalesce(l.content_hash, 0) # coalesce(e.content_hash, 0)
FROM (
    SELECT order_key, program_key, count(*) AS line_count,
        sum(qty) AS qty, sum(amount) AS amount, sum(discount) AS discount,
        sum(points_earned) AS points_earned, sum(points_redeemed) AS points_redeemed,
        bit_xor(hash_record_extended(ROW(line_id, program_id, product_id, qty, amount,
            discount, points_earned, points_redeemed), 1)) AS content_hash
    FROM {detail}
    GROUP BY order_key, program_key
) l
FULL JOIN (
    -- Conversion is about sales: what was evaluated on a refund is kept as
    -- detail and counted nowhere; a basket without an order never converted.
    SELECT order_key, program_key,
        min(transaction_date) AS transaction_date, min(hour) AS hour,
        min(date) AS date,
        bool_or(outcome IN ('applied', 'eligible') AND order_kind <> 'refund')
            AS is_eligible,
        bool_or(outcome = 'applied' AND order_kind = 'sale') AS is_applied,
        bool_or(outcome = 'rejected' AND order_kind <> 'refund') AS is_rejected,
        bit_xor(hash_record_extended(ROW(id, program_key, evaluated_at, customer_key,
            outcome, reason), 2)) AS content_hash
    FROM {evaluation}
    GROUP BY order_key, program_key
) e USING (order_key, program_key)
JOIN stage_document d USING (order_key);

UPDATE stage_document d
SET content_hash = d.content_hash # h.content_hash
FROM (
    SELECT order_key, bit_xor(content_hash) AS content_hash
    FROM (
        SELECT order_key, content_hash FROM stage_order_row
        UNION ALL
        SELECT order_key, hash_record_extended(ROW(transaction_id, seq, card_id,
            program_id, partner_id, transaction_date, expires_at, reverses_id,
            transaction_type, points_amount, balance_after, origin), 3)
        FROM {point}
    ) parts
    GROUP BY order_key
) h
WHERE h.order_key = d.order_key;
