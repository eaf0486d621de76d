-- Rows of the ledger as rows of the table {point}: those of orders, and those that
-- are documents of their own. The type that a reverse
-- counts in depends on another row, and is filled in later. What expires after all
-- calendars, or before them, never does: others who read the rows know no such year.
INSERT INTO {point} (order_key, transaction_id, seq, card_id, program_id, partner_id,
    transaction_date, hour, expires_at, reverses_id, company_id, card_key, program_key,
    customer_key, membership_product_key, date, is_first_order, transaction_type,
    counts_as, points_counted, points_amount, balance_after, amount, origin, order_id)
SELECT d.order_key, r.id, coalesce(r.seq, 0), r.card_id, p.external_id, r.partner_id,
    t.utc, loyalty_reporting_hour(t.utc, z.timezone),
    CASE WHEN r.expires_at >= '1900-01-01Z' AND r.expires_at < '9000-01-01Z'
         THEN r.expires_at AT TIME ZONE 'UTC' END,
    r.reverses_id, d.company_id, k.id, p.id, c.id,
    coalesce(i.membership_product_key, 0),
    (r.occurred_at AT TIME ZONE z.timezone)::date, d.is_first_order, r.transaction_type,
    CASE r.transaction_type WHEN 'reverse' THEN 'adjust' ELSE r.transaction_type END,
    CASE r.transaction_type WHEN 'reverse' THEN -r.points_amount
                            ELSE r.points_amount END,
    r.points_amount, r.balance_after,
    -- The order's amount stands on its first earning: it must not count twice.
    CASE WHEN d.kind = 'order' AND r.transaction_type = 'earn' AND row_number() OVER (
            PARTITION BY d.order_key, r.transaction_type
            ORDER BY r.card_id, r.occurred_at, coalesce(r.seq, 0), r.id) = 1
         THEN d.amount ELSE 0 END,
    r.origin, r.order_id
FROM stage_point r
JOIN stage_document d
    ON d.document_key = coalesce(r.order_id, r.id::text)
   AND d.kind = CASE WHEN r.order_id IS NULL THEN 'points' ELSE 'order' END
   AND d.state IN ('sale', 'refund', 'booking')
JOIN loyalty_reporting_company z ON z.company_id = d.company_id
JOIN loyalty_reporting_card k ON k.source = %(source)s AND k.external_id = r.card_id
JOIN loyalty_reporting_program p
    ON p.source = %(source)s AND p.external_id = coalesce(r.program_id, k.program_id)
LEFT JOIN loyalty_reporting_customer c
    ON c.source = %(source)s AND c.external_id = r.partner_id
CROSS JOIN LATERAL (SELECT r.occurred_at AT TIME ZONE 'UTC' AS utc) t
LEFT JOIN membership_interval i
    ON i.customer_key = c.id AND i.company_id = d.company_id
   AND i.valid_from <= t.utc AND i.valid_to > t.utc
WHERE r.id IS NOT NULL
  AND r.transaction_type IN ('earn', 'redeem', 'expire', 'adjust', 'reverse')
  AND loyalty_reporting_fits(r.points_amount)
  AND loyalty_reporting_fits(r.balance_after) IS NOT FALSE
  AND loyalty_reporting_is_instant(r.occurred_at);
