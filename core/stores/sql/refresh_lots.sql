-- How cards stood at the horizon, anew for those whose bookings before it changed: all
-- of these are here.
TRUNCATE stage_early_card;
INSERT INTO stage_early_card (card_key)
SELECT DISTINCT b.card_key FROM stage_booked b, card_horizon h WHERE b.hour < h.instant;
ANALYZE stage_early_card;

-- A month that is closing moves the horizon, and waits for the lock that this load holds.
SELECT FROM card_horizon WHERE EXISTS (SELECT FROM stage_early_card) FOR UPDATE NOWAIT;

DELETE FROM card_lot l USING stage_early_card c WHERE c.card_key = l.card_key;
DELETE FROM card_past p USING stage_early_card c WHERE c.card_key = p.card_key;

INSERT INTO card_lot (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, expires_at, seq, transaction_id, points, remaining)
SELECT l.card_key, l.card_id, l.company_id, l.program_key, l.customer_key,
    l.transaction_date, l.expires_at, l.seq, l.transaction_id, l.points, l.remaining
FROM loyalty_reporting_open_lots(
    (SELECT instant - interval '1 microsecond' FROM card_horizon), '-infinity') l
JOIN stage_early_card c USING (card_key);

INSERT INTO card_past (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, balance_after, debt)
SELECT DISTINCT ON (r.card_key) r.card_key, r.card_id, r.company_id, r.program_key,
    r.customer_key, r.transaction_date, r.balance_after, 0
FROM point_analytics_data r
JOIN stage_early_card c USING (card_key)
JOIN card_horizon h ON r.transaction_date < h.instant
ORDER BY r.card_key, r.transaction_date DESC, r.seq DESC, r.transaction_id DESC;

UPDATE card_past p
SET debt = b.balance - coalesce((
    SELECT sum(l.remaining) FROM card_lot l WHERE l.card_key = p.card_key), 0)
FROM (
    SELECT g.card_key, sum(g.effect) AS balance
    FROM loyalty_reporting_ledger(
        (SELECT instant - interval '1 microsecond' FROM card_horizon), '-infinity') g
    JOIN stage_early_card c USING (card_key)
    GROUP BY g.card_key
) b
WHERE b.card_key = p.card_key;
