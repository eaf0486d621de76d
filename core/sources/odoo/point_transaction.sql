-- The ledger, gross: what a booking earned, and what it redeemed. Points that a refund
-- takes back reverse the earning of the order that it refunds.
WITH {orders}, {lines}, {bookings},
entry AS (
    SELECT b.*, b.id AS entry_id, b.balance + b.redeemed AS balance_after,
        b.earned AS points, CASE
            WHEN b.is_manual THEN 'adjust'
            WHEN b.earned > 0 THEN 'earn'
            WHEN origin.id IS NOT NULL THEN 'reverse'
            ELSE 'adjust' END AS kind,
        CASE WHEN b.earned < 0 THEN origin.id END AS reverses_id
    FROM booking b
    LEFT JOIN (
        SELECT h.card_id, h.order_id, min(h.id)::bigint * 2 AS id
        FROM history h
        WHERE h.order_model = 'pos.order' AND h.issued > 0
        GROUP BY h.card_id, h.order_id
    ) origin ON origin.order_id = b.refund_of AND origin.card_id = b.card_id
    WHERE b.earned <> 0
    UNION ALL
    SELECT b.*, b.id + 1, b.balance, abs(b.redeemed),
        CASE WHEN b.redeemed > 0 THEN 'redeem' ELSE 'adjust' END, NULL
    FROM booking b
    WHERE b.redeemed <> 0
)
SELECT e.entry_id AS id, e.entry_id AS seq, e.card_id, e.partner_id, e.program_id,
    e.kind AS transaction_type,
    CASE e.kind WHEN 'reverse' THEN -e.points ELSE e.points END AS points_amount,
    e.balance_after, e.booked_at AS occurred_at,
    CASE WHEN e.kind = 'earn' THEN (e.expiration_date + 1)::timestamp AT TIME ZONE
        coalesce(company.loyalty_reporting_tz, 'UTC') END AS expires_at,
    coalesce(e.key, 'manual') AS origin, e.key AS order_id, e.reverses_id, 0 AS version,
    NULL::xid8 AS txid, e.company_id
FROM entry e
LEFT JOIN res_company company ON company.id = e.company_id
