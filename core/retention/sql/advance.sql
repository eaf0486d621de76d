-- The horizon moves to %(following)s: how each card stands then, from what is kept of it
-- at the former one and the bookings since.
CREATE TEMP TABLE next_past ON COMMIT DROP AS
SELECT DISTINCT ON (r.card_key) r.card_key, r.card_id, r.company_id, r.program_key,
    r.customer_key, r.transaction_date, r.balance_after
FROM point_analytics_data r, card_horizon h
WHERE r.transaction_date >= h.instant AND r.transaction_date < %(following)s
ORDER BY r.card_key, r.transaction_date DESC, r.seq DESC, r.transaction_id DESC;
CREATE TEMP TABLE next_lot ON COMMIT DROP AS
SELECT l.card_key, l.card_id, l.company_id, l.program_key, l.customer_key,
    l.transaction_date, l.expires_at, l.seq, l.transaction_id, l.points, l.remaining
FROM loyalty_reporting_open_lots(%(following)s - interval '1 microsecond',
    (SELECT instant FROM card_horizon)) l;
CREATE TEMP TABLE next_balance ON COMMIT DROP AS
SELECT g.card_key, sum(g.effect) AS balance
FROM loyalty_reporting_ledger(%(following)s - interval '1 microsecond',
    (SELECT instant FROM card_horizon)) g
GROUP BY g.card_key;
ANALYZE next_past; ANALYZE next_lot; ANALYZE next_balance;

-- Cards of which a lot is new, gone or less than it was.
CREATE TEMP TABLE other_card ON COMMIT DROP AS
SELECT card_key FROM (TABLE next_lot EXCEPT ALL TABLE card_lot) n
UNION
SELECT card_key FROM (TABLE card_lot EXCEPT ALL TABLE next_lot) o;
ANALYZE other_card;

-- First, as loads that change how cards stood before the horizon wait for this row.
UPDATE card_horizon SET instant = %(following)s;

INSERT INTO card_past AS p (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, balance_after, debt)
SELECT n.card_key, n.card_id, n.company_id, n.program_key, n.customer_key,
    n.transaction_date, n.balance_after, b.balance - coalesce(l.remaining, 0)
FROM next_past n
JOIN next_balance b USING (card_key)
LEFT JOIN (SELECT card_key, sum(remaining) AS remaining FROM next_lot GROUP BY card_key) l
    USING (card_key)
ON CONFLICT (card_key) DO UPDATE
SET card_id = excluded.card_id, company_id = excluded.company_id,
    program_key = excluded.program_key, customer_key = excluded.customer_key,
    transaction_date = excluded.transaction_date, balance_after = excluded.balance_after,
    debt = excluded.debt;

DELETE FROM card_lot l USING other_card c WHERE c.card_key = l.card_key;
INSERT INTO card_lot (card_key, card_id, company_id, program_key, customer_key,
    transaction_date, expires_at, seq, transaction_id, points, remaining)
SELECT l.card_key, l.card_id, l.company_id, l.program_key, l.customer_key,
    l.transaction_date, l.expires_at, l.seq, l.transaction_id, l.points, l.remaining
FROM next_lot l JOIN other_card c USING (card_key);
