-- Membership events: refuse what cannot be counted; each of the others is a document.
-- One that names no company belongs to the only one that its source feeds.

-- MATERIALIZED: or PostgreSQL would ask for the only company once a row.
WITH sole AS MATERIALIZED (
    SELECT loyalty_reporting_only_company(%(source)s) AS company_id
)
INSERT INTO stage_reject
SELECT 'membership_event', id::text, id::text, fault,
    (to_jsonb(judged) - 'fault')::text, 'membership'
FROM (
    SELECT e.*, CASE
        WHEN e.id IS NULL THEN 'id is empty'
        WHEN count(*) OVER (PARTITION BY e.id) > 1
            THEN 'the extraction query returns this id more than once'
        WHEN e.partner_id IS NULL THEN 'partner_id is empty'
        WHEN e.occurred_at IS NULL THEN 'occurred_at is empty'
        WHEN NOT loyalty_reporting_is_instant(e.occurred_at)
            THEN format('occurred_at %%s is outside 2000-01-01 … tomorrow',
                        e.occurred_at)
        WHEN e.event_type IS NULL OR e.event_type NOT IN
                ('join', 'upgrade', 'downgrade', 'renew', 'expire', 'cancel')
            THEN format('event_type %%L is none of join, upgrade, downgrade, renew,'
                        ' expire, cancel', e.event_type)
        WHEN e.event_type IN ('join', 'upgrade', 'downgrade')
                AND e.to_membership_product_id IS NULL
            THEN 'to_membership_product_id is empty'
        WHEN e.company_id IS NULL AND sole.company_id IS NULL
            THEN 'its source does not feed exactly one company'
        WHEN e.company_id IS NOT NULL AND c.company_id IS NULL
            THEN format('company_id %%s is not mapped to a company: add it to the source',
                        e.company_id)
    END AS fault
    FROM stage_membership_event e
    CROSS JOIN sole
    LEFT JOIN loyalty_reporting_source_company m
        ON m.source = %(source)s AND m.external_id = e.company_id
    LEFT JOIN loyalty_reporting_company c ON c.company_id = m.company_id
) judged
WHERE fault IS NOT NULL;

WITH sole AS MATERIALIZED (
    SELECT loyalty_reporting_only_company(%(source)s) AS company_id
)
INSERT INTO stage_document (kind, document_key, state, company_id, partner_id,
    customer_key, transaction_date, hour, date, version, content_hash)
SELECT 'membership', e.id::text, 'event', c.company_id, e.partner_id, k.id, t.utc,
    loyalty_reporting_hour(t.utc, c.timezone),
    (e.occurred_at AT TIME ZONE c.timezone)::date,
    coalesce(e.version, 0),
    hash_record_extended(ROW(e.partner_id, e.order_id, e.event_type,
        e.from_membership_product_id, e.to_membership_product_id, e.occurred_at,
        c.company_id), 0)
FROM stage_membership_event e
CROSS JOIN sole
LEFT JOIN loyalty_reporting_source_company m
    ON m.source = %(source)s AND m.external_id = e.company_id
JOIN loyalty_reporting_company c ON c.company_id =
    CASE WHEN e.company_id IS NULL THEN sole.company_id ELSE m.company_id END
JOIN loyalty_reporting_customer k
    ON k.source = %(source)s AND k.external_id = e.partner_id
CROSS JOIN LATERAL (SELECT e.occurred_at AT TIME ZONE 'UTC' AS utc) t
WHERE e.id IS NOT NULL AND NOT EXISTS (
    SELECT FROM stage_reject r
    WHERE r.kind = 'membership' AND r.row_key = e.id::text);
