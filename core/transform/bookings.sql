-- Rows of the ledger without an order: each is a document of its own, of the company
-- that it names, else of the only one that its source feeds. Why others are refused: rejects.sql.
-- MATERIALIZED: or PostgreSQL would ask for the only company once a row.
WITH sole AS MATERIALIZED (
    SELECT loyalty_reporting_only_company(%(source)s) AS company_id
)
INSERT INTO stage_document (kind, document_key, state, company_id, partner_id,
    customer_key, transaction_date, hour, date, timezone, version, content_hash)
SELECT 'points', r.id::text, 'booking', c.company_id, r.partner_id, p.id, t.utc,
    loyalty_reporting_hour(t.utc, c.timezone),
    (r.occurred_at AT TIME ZONE c.timezone)::date, c.timezone, coalesce(r.version, 0),
    hash_record_extended(ROW(c.company_id), 0)
FROM stage_point r
CROSS JOIN sole
LEFT JOIN loyalty_reporting_source_company m
    ON m.source = %(source)s AND m.external_id = r.company_id
JOIN loyalty_reporting_company c ON c.company_id =
    CASE WHEN r.company_id IS NULL THEN sole.company_id ELSE m.company_id END
LEFT JOIN loyalty_reporting_card k
    ON k.source = %(source)s AND k.external_id = r.card_id
LEFT JOIN loyalty_reporting_customer p
    ON p.source = %(source)s AND p.external_id = r.partner_id
CROSS JOIN LATERAL (SELECT r.occurred_at AT TIME ZONE 'UTC' AS utc) t
WHERE r.order_id IS NULL AND r.id IS NOT NULL AND r.card_id IS NOT NULL
  AND coalesce(r.program_id, k.program_id) IS NOT NULL
  AND r.transaction_type IN ('earn', 'redeem', 'expire', 'adjust', 'reverse')
  AND loyalty_reporting_fits(r.points_amount)
  AND loyalty_reporting_fits(r.balance_after) IS NOT FALSE
  AND loyalty_reporting_is_instant(r.occurred_at);
