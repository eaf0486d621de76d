-- How cards stood at the horizon, anew for those whose bookings before it changed: all
-- of these are here. Parameters: cards (their keys), horizon, as_of (the instant before it).

-- A month that is closing moves the horizon, and waits for the lock that this load holds.
SELECT FROM card_horizon FOR UPDATE NOWAIT;

DELETE FROM card_lot WHERE card_key = ANY(%(cards)s);
DELETE FROM card_past WHERE card_key = ANY(%(cards)s);

INSERT INTO card_lot (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, expires_at, seq, transaction_id, points, remaining)
SELECT card_key, card_id, company_id, program_key, customer_key, transaction_date,
    expires_at, seq, transaction_id, points, remaining
FROM loyalty_reporting_open_lots_of(%(as_of)s, '-infinity', %(cards)s);

INSERT INTO card_past (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, balance_after, debt)
SELECT DISTINCT ON (card_key) card_key, card_id, company_id, program_key, customer_key,
    transaction_date, balance_after, 0
FROM point_analytics_data
WHERE card_key = ANY(%(cards)s) AND transaction_date < %(horizon)s
ORDER BY card_key, transaction_date DESC, seq DESC, transaction_id DESC;

UPDATE card_past p
SET debt = b.balance - coalesce((
    SELECT sum(l.remaining) FROM card_lot l WHERE l.card_key = p.card_key), 0)
FROM (
    SELECT card_key, sum(effect) AS balance
    FROM loyalty_reporting_ledger_of(%(as_of)s, '-infinity', %(cards)s)
    GROUP BY card_key
) b
WHERE b.card_key = p.card_key;
