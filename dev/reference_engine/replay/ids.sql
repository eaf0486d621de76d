-- The highest ids that the engine ever gave, also to rows that are deleted by now and
-- to programs and baskets that only other rows mention.

WITH gone AS (
    SELECT table_name, max(key::bigint) AS id FROM engine.deleted
    WHERE key ~ '^[0-9]{1,18}$' GROUP BY table_name
), live AS (
    SELECT id AS order_id FROM engine.processed_order
    UNION ALL SELECT order_id FROM engine.promotion_evaluation
)
SELECT
    greatest((SELECT max(greatest(id, partner_id)) FROM engine.point_card),
        (SELECT max(partner_id) FROM engine.promotion_evaluation)) AS customer,
    (SELECT max(substr(order_id, 6)::bigint) FROM live
        WHERE order_id ~ '^live-[0-9]{1,18}$') AS "order",
    greatest((SELECT max(id) FROM engine.program),
        (SELECT max(program_id) FROM engine.order_promotion_line)) AS program,
    greatest((SELECT max(id) FROM engine.order_promotion_line), (SELECT id FROM gone
        WHERE table_name = 'order_promotion_line')) AS line,
    greatest((SELECT max(id) FROM engine.promotion_evaluation), (SELECT id FROM gone
        WHERE table_name = 'promotion_evaluation')) AS evaluation,
    greatest((SELECT max(id) FROM engine.point_transaction), (SELECT id FROM gone
        WHERE table_name = 'point_transaction')) AS point,
    greatest((SELECT max(id) FROM engine.membership_event), (SELECT id FROM gone
        WHERE table_name = 'membership_event')) AS membership_event
