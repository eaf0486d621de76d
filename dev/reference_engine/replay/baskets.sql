-- Baskets of the given households before the live replay, in the order of playing.
-- Decimals as text: exact whatever the process does to numbers.

SELECT sale.id, sale.partner_id, sale.store_id, sale.channel, sale.currency,
    sale.company_id, sale.amount_total::text,
    (SELECT json_agg(json_build_array(line.program_id, line.product_id, line.qty::text,
            line.amount::text, line.discount::text) ORDER BY line.line_no)
        FROM engine.order_promotion_line AS line WHERE line.order_id = sale.id),
    (SELECT json_agg(json_build_array(evaluation.program_id, evaluation.outcome)
            ORDER BY evaluation.program_id)
        FROM engine.promotion_evaluation AS evaluation
        WHERE evaluation.order_id = sale.id)
FROM engine.processed_order AS sale
WHERE sale.partner_id = ANY (%(households)s) AND sale.state = 'done'
    AND sale.ordered_at < '2018-01-02Z'
ORDER BY sale.partner_id, sale.ordered_at, sale.id
