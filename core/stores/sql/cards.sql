-- The touched hours of cards, anew; and the balance of each card from the first of
-- them on. In the ordinary case they are the card's last: then card_state knows the
-- balance before them.
ANALYZE stage_booked;
INSERT INTO stage_first_hour
SELECT card_key, min(hour) FROM stage_booked GROUP BY card_key;
ANALYZE stage_first_hour;

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
-- card's opening (its first row's balance less that row).
INSERT INTO stage_balance (card_key, hour, balance)
WITH base AS (
    SELECT f.card_key, CASE
        WHEN s.last_hour < f.hour THEN s.balance
        WHEN s.first_hour < f.hour THEN (
            SELECT r.balance FROM point_analytics_rollup_data r
            WHERE r.card_key = f.card_key AND r.hour < f.hour
            ORDER BY r.hour DESC LIMIT 1)
        ELSE coalesce((
            SELECT p.balance_after - CASE WHEN p.counts_as IN ('redeem', 'expire')
                THEN -p.points_counted ELSE p.points_counted END
            FROM point_analytics_data p
            WHERE p.card_key = f.card_key
            ORDER BY p.transaction_date, p.seq, p.transaction_id LIMIT 1), 0)
        END AS balance
    FROM stage_first_hour f
    LEFT JOIN card_state s USING (card_key)
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
        CASE WHEN e.is_unsure THEN (
            SELECT min(r.hour) FROM point_analytics_rollup_data r
            WHERE r.card_key = e.card_key)
        ELSE least(e.first_hour, s.first_hour) END AS first_hour,
        CASE WHEN e.is_unsure THEN (
            SELECT max(r.hour) FROM point_analytics_rollup_data r
            WHERE r.card_key = e.card_key)
        ELSE greatest(e.last_hour, s.last_hour) END AS last_hour
    FROM ends e LEFT JOIN card_state s USING (card_key)
), gone AS (
    DELETE FROM card_state c USING state s
    WHERE c.card_key = s.card_key AND s.last_hour IS NULL
)
INSERT INTO card_state AS c (card_key, first_hour, last_hour, balance)
SELECT s.card_key, s.first_hour, s.last_hour, coalesce(b.balance, (
    SELECT r.balance FROM point_analytics_rollup_data r
    WHERE r.card_key = s.card_key AND r.hour = s.last_hour LIMIT 1))
FROM state s
LEFT JOIN stage_balance b ON b.card_key = s.card_key AND b.hour = s.last_hour
WHERE s.last_hour IS NOT NULL
ON CONFLICT (card_key) DO UPDATE
SET first_hour = excluded.first_hour, last_hour = excluded.last_hour,
    balance = excluded.balance;
