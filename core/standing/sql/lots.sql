-- The open lots of some cards at an instant: loyalty_reporting_point_lots, which says
-- how they are computed, for these cards alone.
WITH booked AS (
    SELECT r.order_key, r.transaction_id, r.card_key, r.transaction_date, r.expires_at,
        r.seq, r.counts_as, r.transaction_type, r.reverses_id, r.balance_after,
        CASE WHEN r.counts_as IN ('redeem', 'expire')
            THEN -r.points_counted ELSE r.points_counted END AS effect
    FROM point_analytics_data r
    WHERE r.card_key = ANY(%(cards)s) AND r.transaction_date <= %(as_of)s
), reversed AS (
    -- Reverses of a row that is known, and no reverse itself.
    SELECT b.order_key, b.transaction_id, b.card_key, b.reverses_id, b.effect
    FROM booked b
    WHERE b.transaction_type = 'reverse' AND EXISTS (
        SELECT FROM point_analytics_data o
        WHERE o.card_key = b.card_key AND o.transaction_id = b.reverses_id
          AND o.transaction_type <> 'reverse')
), taken_back AS (
    SELECT v.card_key, v.reverses_id, sum(v.effect) AS effect
    FROM reversed v GROUP BY v.card_key, v.reverses_id
), opening AS (
    SELECT DISTINCT ON (b.card_key) b.card_key, NULL::timestamp AS transaction_date,
        NULL::timestamp AS expires_at, coalesce(b.balance_after - b.effect, 0) AS effect,
        0::bigint AS seq, 0::bigint AS transaction_id,
        greatest(coalesce(b.balance_after - b.effect, 0), 0) AS lot
    FROM booked b
    ORDER BY b.card_key, b.transaction_date, b.seq, b.transaction_id
), ledger AS (
    SELECT o.* FROM opening o
    UNION ALL
    SELECT b.card_key, b.transaction_date, b.expires_at, b.effect, b.seq,
        b.transaction_id,
        CASE WHEN b.counts_as IN ('earn', 'adjust') AND b.effect > 0
                AND v.transaction_id IS NULL
             THEN greatest(b.effect + coalesce(t.effect, 0), 0) ELSE 0 END
    FROM booked b
    LEFT JOIN reversed v
        ON v.order_key = b.order_key AND v.transaction_id = b.transaction_id
    LEFT JOIN taken_back t
        ON t.card_key = b.card_key AND t.reverses_id = b.transaction_id
       AND b.transaction_type <> 'reverse'
), lots AS (
    SELECT l.*,
        sum(l.lot) OVER (
            PARTITION BY l.card_key
            ORDER BY l.transaction_date NULLS FIRST, l.seq, l.transaction_id
            ROWS UNBOUNDED PRECEDING) AS up_to_here,
        sum(l.lot - l.effect) OVER (PARTITION BY l.card_key) AS consumed
    FROM ledger l
)
SELECT l.card_key, l.transaction_date AS earned_at, l.expires_at, l.lot AS points,
    least(l.lot, greatest(0, l.up_to_here - l.consumed)) AS remaining
FROM lots l
WHERE l.lot > 0 AND l.up_to_here > l.consumed
