-- The horizon moves to %(following)s: how each card stands then, from what is kept of it
-- at the former one and the bookings since.
CREATE TEMP TABLE next_lot ON COMMIT DROP AS
SELECT l.* FROM loyalty_reporting_open_lots(%(following)s - interval '1 microsecond',
    (SELECT instant FROM card_horizon)) l;
CREATE TEMP TABLE next_balance ON COMMIT DROP AS
SELECT g.card_key, sum(g.effect) AS balance
FROM loyalty_reporting_ledger(%(following)s - interval '1 microsecond',
    (SELECT instant FROM card_horizon)) g
GROUP BY g.card_key;

INSERT INTO card_past AS p (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, balance_after, debt)
SELECT DISTINCT ON (r.card_key) r.card_key, r.card_id, r.company_id, r.program_key,
    r.customer_key, r.transaction_date, r.balance_after, 0
FROM point_analytics_data r, card_horizon h
WHERE r.transaction_date >= h.instant AND r.transaction_date < %(following)s
ORDER BY r.card_key, r.transaction_date DESC, r.seq DESC, r.transaction_id DESC
ON CONFLICT (card_key) DO UPDATE
SET card_id = excluded.card_id, company_id = excluded.company_id,
    program_key = excluded.program_key, customer_key = excluded.customer_key,
    transaction_date = excluded.transaction_date, balance_after = excluded.balance_after;

UPDATE card_past p
SET debt = b.balance - coalesce(l.remaining, 0)
FROM next_balance b
LEFT JOIN (SELECT card_key, sum(remaining) AS remaining FROM next_lot GROUP BY card_key) l
    USING (card_key)
WHERE b.card_key = p.card_key;

DELETE FROM card_lot;
INSERT INTO card_lot (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, expires_at, seq, transaction_id, points, remaining)
SELECT card_key, card_id, company_id, program_key, customer_key, transaction_date,
    expires_at, seq, transaction_id, points, remaining
FROM next_lot;

UPDATE card_horizon SET instant = %(following)s;
