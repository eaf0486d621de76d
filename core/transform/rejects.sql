-- Why lines, evaluations and rows of the ledger were left out. Run only when some
-- were: the conditions are those of lines.sql and points.sql, put into words.

INSERT INTO stage_reject
SELECT 'order_promotion_line', order_id, id::text, fault,
    (to_jsonb(judged) - 'fault')::text
FROM (
    SELECT l.*, CASE
        WHEN l.id IS NULL THEN 'id is empty'
        WHEN l.order_id IS NULL OR l.order_id = '' THEN 'order_id is empty'
        WHEN d.state IS NULL OR d.state IN ('basket', 'gone')
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
    LEFT JOIN stage_document d ON d.document_key = l.order_id AND d.kind = 'order'
    LEFT JOIN LATERAL (
        SELECT name, value
        FROM (VALUES (1, 'qty', l.qty), (2, 'amount', l.amount),
                     (3, 'discount', l.discount),
                     (4, 'points_earned', l.points_earned),
                     (5, 'points_redeemed', l.points_redeemed)
             ) column_value (position, name, value)
        WHERE loyalty_reporting_fits(value) IS NOT TRUE
        ORDER BY position LIMIT 1) bad ON true
    WHERE d.state IS DISTINCT FROM 'void'
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
        WHEN d.state IS NULL OR d.state = 'gone'
            THEN 'it has no order, and its source does not feed exactly one company'
        WHEN e.program_id IS NULL THEN 'program_id is empty'
        WHEN e.outcome IS NULL OR e.outcome NOT IN ('applied', 'eligible', 'rejected')
            THEN format('outcome %%L is none of applied, eligible, rejected', e.outcome)
        WHEN e.evaluated_at IS NULL THEN 'evaluated_at is empty'
        WHEN NOT loyalty_reporting_is_instant(e.evaluated_at)
            THEN format('evaluated_at %%s is outside 2000-01-01 … tomorrow',
                        e.evaluated_at)
    END AS fault
    FROM stage_evaluation e
    LEFT JOIN stage_document d ON d.document_key = e.order_id AND d.kind = 'order'
    LEFT JOIN (SELECT DISTINCT document_key FROM stage_reject
               WHERE table_name = 'processed_order') refused
        ON refused.document_key = e.order_id
    WHERE d.state IS DISTINCT FROM 'void'
) judged
WHERE fault IS NOT NULL;

INSERT INTO stage_reject
SELECT 'point_transaction', coalesce(order_id, id::text), id::text, fault,
    (to_jsonb(judged) - 'fault')::text,
    CASE WHEN order_id IS NULL THEN 'points' ELSE 'order' END
FROM (
    SELECT r.*, CASE
        WHEN r.id IS NULL THEN 'id is empty'
        WHEN r.order_id IS NOT NULL AND (d.state IS NULL OR d.state IN ('basket', 'gone'))
            THEN format('its order %%s is missing or was refused', r.order_id)
        WHEN r.card_id IS NULL THEN 'card_id is empty'
        WHEN r.transaction_type IS NULL OR r.transaction_type NOT IN
                ('earn', 'redeem', 'expire', 'adjust', 'reverse')
            THEN format('transaction_type %%L is none of earn, redeem, expire, adjust,'
                        ' reverse', r.transaction_type)
        WHEN r.points_amount IS NULL THEN 'points_amount is empty'
        WHEN loyalty_reporting_fits(r.points_amount) IS NOT TRUE
            THEN format('points_amount %%s does not fit NUMERIC(18,4)', r.points_amount)
        WHEN loyalty_reporting_fits(r.balance_after) IS FALSE
            THEN format('balance_after %%s does not fit NUMERIC(18,4)', r.balance_after)
        WHEN r.occurred_at IS NULL THEN 'occurred_at is empty'
        WHEN loyalty_reporting_is_instant(r.occurred_at) IS NOT TRUE
            THEN format('occurred_at %%s is outside 2000-01-01 … tomorrow',
                        r.occurred_at)
        WHEN coalesce(r.program_id, k.program_id) IS NULL
            THEN 'neither the row nor its card names a program'
        WHEN r.order_id IS NULL AND r.company_id IS NOT NULL AND c.company_id IS NULL
            THEN format('company_id %%s is not mapped to a company: add it to the source',
                        r.company_id)
        WHEN r.order_id IS NULL AND r.company_id IS NULL
                AND loyalty_reporting_only_company(%(source)s) IS NULL
            THEN 'it has no order, and its source does not feed exactly one company'
    END AS fault
    FROM stage_point r
    LEFT JOIN stage_document d ON d.document_key = r.order_id AND d.kind = 'order'
    LEFT JOIN loyalty_reporting_card k
        ON k.source = %(source)s AND k.external_id = r.card_id
    LEFT JOIN loyalty_reporting_source_company m
        ON m.source = %(source)s AND m.external_id = r.company_id
    LEFT JOIN loyalty_reporting_company c ON c.company_id = m.company_id
    WHERE r.order_id IS NULL OR d.state IS DISTINCT FROM 'void'
) judged
WHERE fault IS NOT NULL;
