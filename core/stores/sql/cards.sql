-- The touched hours of cards, anew; and the balance of each card from the first of
-- them on. In the ordinary case they are the card's last: then card_state knows the
-- balance before them.
ANALYZE stage_booked;
INSERT INTO stage_first_hour
SELECT card_key, min(hour) FROM stage_booked GROUP BY card_key;
ANALYZE stage_first_hour;

-- What happened until a card's first hours were over may give it another first row, and
-- so another opening: then these are computed anew, too. (A clock hour may be longer
-- than one, and of two companies they overlap.)
INSERT INTO stage_booked (card_key, hour)
SELECT r.card_key, r.hour
FROM stage_first_hour f
JOIN card_state s USING (card_key)
JOIN point_analytics_rollup_data r ON r.card_key = s.card_key
    AND r.hour >= s.first_hour AND r.hour < s.first_hour + interval '2 hours'
    AND r.date >= s.first_hour::date - 1 AND r.date <= s.first_hour::date + 1
WHERE f.hour < s.first_hour + interval '2 hours';
UPDATE stage_first_hour f
SET hour = least(f.hour, s.first_hour)
FROM card_state s
WHERE s.card_key = f.card_key AND f.hour < s.first_hour + interval '2 hours';

INSERT INTO stage_opening
SELECT p.card_key, p.company_id, p.program_key, coalesce(p.customer_key, 0), p.date,
    p.hour, p.transaction_type, coalesce(p.balance_after
        - CASE WHEN p.counts_as IN ('redeem', 'expire')
               THEN -p.points_counted ELSE p.points_counted END, 0)
FROM stage_first_hour f
LEFT JOIN card_state s USING (card_key)
CROSS JOIN LATERAL (
    SELECT * FROM point_analytics_data p
    WHERE p.card_key = f.card_key AND p.transaction_date >= f.hour
    ORDER BY p.transaction_date, p.seq, p.transaction_id LIMIT 1
) p
WHERE s.card_key IS NULL OR f.hour <= s.first_hour;
INSERT INTO stage_booked (card_key, hour) SELECT card_key, hour FROM stage_opening;

WITH old AS (
    DELETE FROM point_analytics_rollup_data r
    USING (SELECT DISTINCT card_key, hour FROM stage_booked) t
    WHERE r.card_key = t.card_key AND r.hour = t.hour
      AND r.date >= t.hour::date - 1 AND r.date <= t.hour::date + 1
    RETURNING r.*
)
INSERT INTO stage_old_bucket SELECT * FROM old;

INSERT INTO stage_point_bucket
{point_sums};

-- The balance before the first touched hour: of the last hour before it, else the
-- card's opening.
INSERT INTO stage_balance (card_key, hour, balance)
WITH base AS (
    SELECT f.card_key, CASE
        WHEN s.last_hour < f.hour THEN s.balance
        -- Hours that left all lie before those that a load may touch; a month that came
        -- back may lie before one that is away.
        WHEN s.first_hour < f.hour THEN (
            SELECT balance FROM (
                (SELECT r.hour, r.balance FROM point_analytics_rollup_data r
                WHERE r.card_key = f.card_key AND r.hour < f.hour
                ORDER BY r.hour DESC LIMIT 1)
                UNION ALL
                (SELECT m.last_hour, m.balance FROM card_month m
                WHERE m.card_key = f.card_key AND m.last_hour < f.hour
                ORDER BY m.last_hour DESC LIMIT 1)) h
            ORDER BY hour DESC LIMIT 1)
        ELSE coalesce(o.opening, 0)
        END AS balance
    FROM stage_first_hour f
    LEFT JOIN card_state s USING (card_key)
    LEFT JOIN stage_opening o USING (card_key)
), booked AS (
    SELECT card_key, hour, points_earned - points_redeemed - points_expired
        + points_adjusted AS net
    FROM stage_point_bucket
    UNION ALL
    SELECT r.card_key, r.hour, r.points_earned - r.points_redeemed - r.points_expired
        + r.points_adjusted
    FROM stage_first_hour f
    JOIN card_state s ON s.card_key = f.card_key AND s.last_hour > f.hour
    JOIN point_analytics_rollup_data r
        ON r.card_key = f.card_key AND r.hour > f.hour
)
SELECT card_key, hour, coalesce(base.balance, 0) + sum(sum(net)) OVER (
    PARTITION BY card_key ORDER BY hour)
FROM booked JOIN base USING (card_key)
GROUP BY card_key, hour, base.balance;
ANALYZE stage_balance;

UPDATE point_analytics_rollup_data r
SET balance = b.balance, load_id = %(load_id)s
FROM stage_balance b
JOIN card_state s ON s.card_key = b.card_key AND s.last_hour >= b.hour
WHERE r.card_key = b.card_key AND r.hour = b.hour AND r.balance <> b.balance
  AND r.date >= b.hour::date - 1 AND r.date <= b.hour::date + 1;

{place_hours}
-- The days of points, by the difference.
INSERT INTO point_day_data AS d
SELECT company_id, program_key, date, transaction_type, sum(sign * transactions),
    sum(sign * points_earned), sum(sign * points_redeemed), sum(sign * points_expired),
    sum(sign * points_adjusted), sum(sign * balance_change)
FROM (
    SELECT *, 1 AS sign FROM stage_point_bucket
    UNION ALL SELECT *, -1 FROM stage_old_bucket
) r
GROUP BY company_id, program_key, date, transaction_type
ON CONFLICT (company_id, program_key, date, transaction_type) DO UPDATE
SET transactions = d.transactions + excluded.transactions,
    points_earned = d.points_earned + excluded.points_earned,
    points_redeemed = d.points_redeemed + excluded.points_redeemed,
    points_expired = d.points_expired + excluded.points_expired,
    points_adjusted = d.points_adjusted + excluded.points_adjusted,
    balance_change = d.balance_change + excluded.balance_change;

DELETE FROM point_day_data d
USING (
    SELECT DISTINCT company_id, program_key, date, transaction_type
    FROM stage_old_bucket
) o
WHERE d.company_id = o.company_id AND d.program_key = o.program_key
  AND d.date = o.date AND d.transaction_type = o.transaction_type
  AND d.transactions = 0;

-- What is remembered of the cards: their first and last hour, and the last balance. A
-- card of which an hour went is looked at as a whole.
WITH ends AS (
    SELECT f.card_key, min(b.hour) AS first_hour, max(b.hour) AS last_hour,
        bool_or(s.card_key IS NOT NULL AND EXISTS (
            SELECT FROM stage_old_bucket o
            WHERE o.card_key = f.card_key AND NOT EXISTS (
                SELECT FROM stage_point_bucket n
                WHERE n.card_key = o.card_key AND n.hour = o.hour))) AS is_unsure
    FROM stage_first_hour f
    LEFT JOIN stage_balance b USING (card_key)
    LEFT JOIN card_state s ON s.card_key = f.card_key
    GROUP BY f.card_key
), state AS (
    SELECT e.card_key,
        CASE WHEN e.is_unsure THEN least((
            SELECT min(r.hour) FROM point_analytics_rollup_data r
            WHERE r.card_key = e.card_key), (
            SELECT min(m.first_hour) FROM card_month m
            WHERE m.card_key = e.card_key))
        ELSE least(e.first_hour, s.first_hour) END AS first_hour,
        CASE WHEN e.is_unsure THEN greatest((
            SELECT max(r.hour) FROM point_analytics_rollup_data r
            WHERE r.card_key = e.card_key), (
            SELECT max(m.last_hour) FROM card_month m
            WHERE m.card_key = e.card_key))
        ELSE greatest(e.last_hour, s.last_hour) END AS last_hour
    FROM ends e LEFT JOIN card_state s USING (card_key)
), gone AS (
    DELETE FROM card_state c USING state s
    WHERE c.card_key = s.card_key AND s.last_hour IS NULL
)
INSERT INTO card_state AS c (card_key, first_hour, last_hour, balance)
SELECT s.card_key, s.first_hour, s.last_hour, coalesce(b.balance, (
    SELECT r.balance FROM point_analytics_rollup_data r
    WHERE r.card_key = s.card_key AND r.hour = s.last_hour LIMIT 1), (
    SELECT m.balance FROM card_month m
    WHERE m.card_key = s.card_key AND m.last_hour = s.last_hour LIMIT 1))
FROM state s
LEFT JOIN stage_balance b ON b.card_key = s.card_key AND b.hour = s.last_hour
WHERE s.last_hour IS NOT NULL
ON CONFLICT (card_key) DO UPDATE
SET first_hour = excluded.first_hour, last_hour = excluded.last_hour,
    balance = excluded.balance;
