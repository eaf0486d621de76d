-- Why lines and evaluations were left out. Run only when some were: the
-- conditions are those of lines.sql, put into words.

INSERT INTO stage_reject
SELECT 'order_promotion_line', order_id, id::text, fault,
    (to_jsonb(judged) - 'fault')::text
FROM (
    SELECT l.*, CASE
        WHEN l.id IS NULL THEN 'id is empty'
        WHEN l.order_id IS NULL OR l.order_id = '' THEN 'order_id is empty'
        WHEN d.kind IS NULL OR d.kind IN ('basket', 'gone')
            THEN format('its order %%s is missing or was refused', l.order_id)
        WHEN l.program_id IS NULL THEN 'program_id is empty'
        WHEN bad.name IS NOT NULL AND bad.value IS NULL
            THEN format('%%s is empty', bad.name)
        WHEN bad.name IS NOT NULL AND abs(bad.value) < 1e14
            THEN format('%%s %%s has more than 4 decimals', bad.name, bad.value)
        WHEN bad.name IS NOT NULL
            THEN format('%%s %%s does not fit NUMERIC(18,4)', bad.name, bad.value)
        WHEN d.currency IS NOT NULL
             AND round(greatest(abs(l.amount), abs(l.discount)) * d.currency_rate, 4)
                 >= 1e14
            THEN format('amount in the company''s currency does not fit NUMERIC(18,4)'
                        ' (rate %%s)', d.currency_rate)
    END AS fault
    FROM stage_line l
    LEFT JOIN stage_document d ON d.document_key = l.order_id
    LEFT JOIN LATERAL (
        SELECT name, value
        FROM (VALUES (1, 'qty', l.qty), (2, 'amount', l.amount),
                     (3, 'discount', l.discount),
                     (4, 'points_earned', l.points_earned),
                     (5, 'points_redeemed', l.points_redeemed)
             ) column_value (position, name, value)
        WHERE loyalty_reporting_fits(value) IS NOT TRUE
        ORDER BY position LIMIT 1) bad ON true
    WHERE d.kind IS DISTINCT FROM 'void'
) judged
WHERE fault IS NOT NULL;

INSERT INTO stage_reject
SELECT 'promotion_evaluation', order_id, id::text, fault,
    (to_jsonb(judged) - 'fault')::text
FROM (
    SELECT e.*, CASE
        WHEN e.id IS NULL THEN 'id is empty'
        WHEN e.order_id IS NULL OR e.order_id = '' THEN 'order_id is empty'
        WHEN refused.document_key IS NOT NULL
            THEN format('its order %%s was refused', e.order_id)
        WHEN octet_length(e.order_id) > 1000 THEN 'order_id is longer than 1000 bytes'
        WHEN d.kind IS NULL OR d.kind = 'gone'
            THEN 'it has no order, and its source does not feed exactly one company'
        WHEN e.program_id IS NULL THEN 'program_id is empty'
        WHEN e.outcome IS NULL OR e.outcome NOT IN ('applied', 'eligible', 'rejected')
            THEN format('outcome %%L is none of applied, eligible, rejected', e.outcome)
        WHEN e.evaluated_at IS NULL THEN 'evaluated_at is empty'
        WHEN NOT (e.evaluated_at >= timestamptz '2000-01-01 00:00Z'
                  AND e.evaluated_at
                      < date_trunc('day', now(), 'UTC') + interval '2 days')
            THEN format('evaluated_at %%s is outside 2000-01-01 … tomorrow',
                        e.evaluated_at)
    END AS fault
    FROM stage_evaluation e
    LEFT JOIN stage_document d ON d.document_key = e.order_id
    LEFT JOIN (SELECT DISTINCT document_key FROM stage_reject
               WHERE table_name = 'processed_order') refused
        ON refused.document_key = e.order_id
    WHERE d.kind IS DISTINCT FROM 'void'
) judged
WHERE fault IS NOT NULL;
