-- Orders: refuse what cannot be counted, give the others their company, business
-- day, clock hour and exchange rate. `source` is a parameter.

INSERT INTO stage_reject
SELECT 'processed_order', id, id, fault, (to_jsonb(judged) - 'fault')::text
FROM (
    SELECT o.*, CASE
        WHEN o.id IS NULL OR o.id = '' THEN 'id is empty'
        WHEN octet_length(o.id) > 1000 THEN 'id is longer than 1000 bytes'
        WHEN octet_length(o.channel) > 1000 THEN 'channel is longer than 1000 bytes'
        WHEN count(*) OVER (PARTITION BY o.id) > 1
            THEN 'the extraction query returns this id more than once'
        WHEN o.ordered_at IS NULL THEN 'ordered_at is empty'
        WHEN NOT loyalty_reporting_is_instant(o.ordered_at)
            THEN format('ordered_at %%s is outside 2000-01-01 … tomorrow', o.ordered_at)
        WHEN o.state IS NULL OR o.state NOT IN ('done', 'void', 'refund')
            THEN format('state %%L is none of done, void, refund', o.state)
        WHEN c.company_id IS NULL
            THEN format('company_id %%s is not mapped to a company: add it to the source',
                        coalesce(o.company_id::text, 'NULL'))
        WHEN o.currency IS NULL THEN 'currency is empty'
        WHEN o.currency <> c.currency AND loyalty_reporting_rate(
                c.company_id, o.currency, (o.ordered_at AT TIME ZONE c.timezone)::date) IS NULL
            THEN format('no exchange rate of %%s on %%s', o.currency,
                        (o.ordered_at AT TIME ZONE c.timezone)::date)
        WHEN o.amount_total IS NULL THEN 'amount_total is empty'
        WHEN loyalty_reporting_fits(o.amount_total) IS NOT TRUE
            THEN format('amount_total %%s does not fit NUMERIC(18,4)', o.amount_total)
    END AS fault
    FROM stage_order o
    LEFT JOIN loyalty_reporting_source_company m
        ON m.source = %(source)s AND m.external_id = o.company_id
    LEFT JOIN loyalty_reporting_company c ON c.company_id = m.company_id
) judged
WHERE fault IS NOT NULL;

INSERT INTO stage_document (kind, document_key, state, company_id, partner_id,
    customer_key, shop_key, channel, transaction_date, hour, date, timezone, currency,
    currency_rate, version, content_hash, amount, is_first_order, refund_of)
SELECT
    'order',
    o.id,
    CASE o.state WHEN 'done' THEN 'sale' ELSE o.state END,
    c.company_id,
    o.partner_id,
    k.id,
    coalesce(s.id, 0),
    coalesce(o.channel, ''),
    t.utc,
    loyalty_reporting_hour(t.utc, c.timezone),
    t.local_time::date,
    c.timezone,
    nullif(o.currency, c.currency),
    CASE WHEN o.currency <> c.currency THEN coalesce(
        (SELECT f.currency_rate FROM fact_document f
         WHERE f.document_key = o.id AND f.source = %(source)s AND f.kind = 'order'
           AND f.currency = o.currency
           AND f.transaction_date = o.ordered_at AT TIME ZONE 'UTC'),
        loyalty_reporting_rate(c.company_id, o.currency, t.local_time::date))
    END,
    coalesce(o.version, 0),
    hash_record_extended(ROW(
        o.partner_id, o.store_id, coalesce(o.channel, ''), o.ordered_at, o.state,
        o.currency, c.company_id, o.amount_total, o.is_first_order, o.refund_of), 0),
    o.amount_total,
    o.is_first_order,
    o.refund_of
FROM stage_order o
JOIN loyalty_reporting_source_company m
    ON m.source = %(source)s AND m.external_id = o.company_id
JOIN loyalty_reporting_company c ON c.company_id = m.company_id
CROSS JOIN LATERAL (
    SELECT o.ordered_at AT TIME ZONE 'UTC' AS utc,
           o.ordered_at AT TIME ZONE c.timezone AS local_time) t
LEFT JOIN loyalty_reporting_shop s
    ON s.source = %(source)s AND s.external_id = o.store_id
LEFT JOIN loyalty_reporting_customer k
    ON k.source = %(source)s AND k.external_id = o.partner_id
WHERE o.id <> '' AND NOT EXISTS (
    SELECT FROM stage_reject r
    WHERE r.table_name = 'processed_order' AND r.document_key = o.id);

UPDATE stage_document
SET currency_amount = amount, amount = round(amount * currency_rate, 4)
WHERE currency IS NOT NULL;

WITH too_large AS (
    DELETE FROM stage_document WHERE abs(amount) >= 1e14 RETURNING *
)
INSERT INTO stage_reject
SELECT 'processed_order', document_key, document_key,
    format('amount_total in the company''s currency does not fit NUMERIC(18,4)'
           ' (rate %%s)', currency_rate),
    to_jsonb(o)::text
FROM too_large JOIN stage_order o ON o.id = document_key;

-- A basket that was evaluated and never became an order belongs to the only
-- company of its source. A refused order takes its evaluations with it.
INSERT INTO stage_document (kind, document_key, state, company_id, channel, shop_key,
    customer_key, partner_id, timezone, version, content_hash)
SELECT 'order', e.order_id, 'basket', min(c.company_id), '', 0, min(k.id),
    min(e.partner_id), min(c.timezone), 0, 0
FROM stage_evaluation e
LEFT JOIN loyalty_reporting_customer k
    ON k.source = %(source)s AND k.external_id = e.partner_id
JOIN loyalty_reporting_company c
    ON c.company_id = loyalty_reporting_only_company(%(source)s)
WHERE e.order_id <> '' AND octet_length(e.order_id) <= 1000
  AND NOT EXISTS (SELECT FROM stage_order o WHERE o.id = e.order_id)
  AND NOT EXISTS (
    SELECT FROM stage_reject r
    WHERE r.table_name = 'processed_order' AND r.document_key = e.order_id)
GROUP BY e.order_id;
