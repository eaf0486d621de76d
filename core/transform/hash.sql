-- The content hash of a document: its order's, xor its rows'. Equal content is
-- recognised whatever the order of the rows; a replay then writes nothing.
UPDATE stage_document d
SET content_hash = d.content_hash # h.content_hash
FROM (
    SELECT order_key, bit_xor(content_hash) AS content_hash
    FROM (
        SELECT order_key, hash_record_extended(ROW(
            line_id, program_id, product_id, qty, amount, discount,
            points_earned, points_redeemed), 1) AS content_hash
        FROM {detail}
        UNION ALL
        SELECT order_key, hash_record_extended(ROW(
            id, program_key, evaluated_at, customer_key, outcome, reason), 2)
        FROM {evaluation}
    ) r
    GROUP BY order_key
) h
WHERE h.order_key = d.order_key;
