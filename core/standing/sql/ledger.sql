-- Out of lots.sql. First, the points of each card by the month of the business day on
-- which they expire unspent, and of these what does so by the ends of two days; what is
-- due and not yet booked as expired is among them. Then the last redemptions, the newest
-- first, each with what a reverse has given back; not those of a customer who had the
-- card before.
(SELECT 'expiring', l.card_key, NULL::bigint, NULL, NULL::timestamp,
    date_trunc('month', l.day)::date, sum(l.remaining)::text,
    coalesce(sum(l.remaining) FILTER (WHERE l.day <= %(soon)s), 0)::text,
    coalesce(sum(l.remaining) FILTER (WHERE l.day <= %(later)s), 0)::text, NULL, NULL
FROM (
    SELECT o.card_key, o.remaining,
        (o.expires_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
    FROM open_lot o
    -- What expires after all calendars never does.
    WHERE o.expires_at < '9000-01-01'
) l
GROUP BY 2, 6
ORDER BY 2, 6)
UNION ALL
(SELECT 'redeemed', b.card_key, p.external_id, p.name, b.transaction_date, b.date,
    b.points_amount::text, coalesce((
        SELECT t.effect FROM taken_back t
        WHERE t.card_key = b.card_key AND t.reverses_id = b.transaction_id), 0)::text,
    NULL, b.origin, b.order_id
FROM booked b
LEFT JOIN loyalty_reporting_program p ON p.id = b.program_key
WHERE b.transaction_type = 'redeem' AND b.transaction_date <= %(as_of)s
  AND b.company_id = %(company)s
  AND (b.customer_key IS NULL OR b.customer_key = ANY(%(customers)s))
ORDER BY b.transaction_date DESC, b.seq DESC, b.transaction_id DESC
LIMIT %(count)s)
