-- An extraction query that joins may return a row more than once: none of them is
-- counted, since nobody knows which is right.
WITH twice AS (
    DELETE FROM stage_line l
    USING (SELECT id FROM stage_line WHERE id IS NOT NULL
           GROUP BY id HAVING count(*) > 1) d
    WHERE l.id = d.id
    RETURNING l.*
)
INSERT INTO stage_reject
SELECT 'order_promotion_line', order_id, id::text,
    'the extraction query returns this id more than once', to_jsonb(twice)::text
FROM twice;

WITH twice AS (
    DELETE FROM stage_evaluation e
    USING (SELECT id FROM stage_evaluation WHERE id IS NOT NULL
           GROUP BY id HAVING count(*) > 1) d
    WHERE e.id = d.id
    RETURNING e.*
)
INSERT INTO stage_reject
SELECT 'promotion_evaluation', order_id, id::text,
    'the extraction query returns this id more than once', to_jsonb(twice)::text
FROM twice;

WITH twice AS (
    DELETE FROM stage_point r
    USING (SELECT id FROM stage_point WHERE id IS NOT NULL
           GROUP BY id HAVING count(*) > 1) d
    WHERE r.id = d.id
    RETURNING r.*
)
INSERT INTO stage_reject
SELECT 'point_transaction', coalesce(order_id, id::text), id::text,
    'the extraction query returns this id more than once', to_jsonb(twice)::text,
    CASE WHEN order_id IS NULL THEN 'points' ELSE 'order' END
FROM twice;
