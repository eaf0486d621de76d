-- The open lots of some cards at an instant, as loyalty_reporting_point_lots defines
-- them, for these cards alone. First in, first out: what is left of a lot is what the
-- balance holds beyond all later lots.
-- Where the newest rows alone (since `first`) do not make up the balance, or may have
-- reverses elsewhere, all of them must be read (`is_whole`): those before the horizon may be
-- archived, and card_lot tells what was left of them then.
WITH since AS MATERIALIZED (
    SELECT loyalty_reporting_booked_since(%(as_of)s) AS instant
), card AS (
    SELECT * FROM unnest(%(cards)s::integer[], %(balances)s::numeric[])
        AS c(card_key, balance)
), booked AS MATERIALIZED (
    SELECT r.card_key, r.order_key, r.transaction_id, r.transaction_date, r.seq,
        r.expires_at, r.transaction_type, r.counts_as, r.reverses_id,
        CASE WHEN r.counts_as IN ('redeem', 'expire')
            THEN -r.points_counted ELSE r.points_counted END AS effect
    FROM point_analytics_data r
    WHERE r.card_key = ANY(%(cards)s)
      AND r.transaction_date >= %(first)s AND r.transaction_date <= %(last)s
      AND r.transaction_date >= (SELECT instant FROM since)
), reversed AS (
    -- Reverses of a row that is known, and no reverse itself.
    SELECT b.order_key, b.transaction_id, b.card_key, b.reverses_id, b.effect
    FROM booked b
    WHERE b.transaction_type = 'reverse' AND b.transaction_date <= %(as_of)s
      AND (EXISTS (
        SELECT FROM booked o
        WHERE o.card_key = b.card_key AND o.transaction_id = b.reverses_id
          AND o.transaction_type <> 'reverse')
        OR (SELECT instant FROM since) > '-infinity' AND (
            b.counts_as <> 'adjust' OR EXISTS (
                SELECT FROM archived_booking a
                WHERE a.card_key = b.card_key AND a.transaction_id = b.reverses_id
                  AND a.transaction_type = 'adjust')))
), taken_back AS (
    SELECT v.card_key, v.reverses_id, sum(v.effect) AS effect
    FROM reversed v GROUP BY v.card_key, v.reverses_id
), lot AS (
    SELECT b.card_key, b.transaction_date, b.seq, b.transaction_id, b.expires_at,
        b.effect + coalesce(t.effect, 0) AS points
    FROM booked b
    LEFT JOIN taken_back t
        ON t.card_key = b.card_key AND t.reverses_id = b.transaction_id
       AND b.transaction_type <> 'reverse'
    WHERE b.transaction_date <= %(as_of)s
      AND b.counts_as IN ('earn', 'adjust') AND b.effect > 0
      AND (b.transaction_type <> 'reverse' OR NOT EXISTS (
        SELECT FROM reversed v
        WHERE v.order_key = b.order_key AND v.transaction_id = b.transaction_id))
    UNION ALL
    SELECT l.card_key, l.transaction_date, l.seq, l.transaction_id, l.expires_at,
        l.remaining + coalesce(t.effect, 0)
    FROM card_lot l
    LEFT JOIN taken_back t
        ON t.card_key = l.card_key AND t.reverses_id = l.transaction_id
       AND l.transaction_date IS NOT NULL
    WHERE %(is_whole)s AND l.card_key = ANY(%(cards)s)
      AND (SELECT instant FROM since) > '-infinity'
    UNION ALL
    -- What the card holds from before its first row: the oldest, of unknown age.
    SELECT c.card_key, NULL, 0, 0, NULL, c.balance - (
        SELECT sum(b.effect) FROM booked b
        WHERE b.card_key = c.card_key AND b.transaction_date <= %(as_of)s)
    FROM card c
    WHERE %(is_whole)s AND NOT EXISTS (
        SELECT FROM card_past p
        WHERE p.card_key = c.card_key AND (SELECT instant FROM since) > '-infinity')
), later AS (
    SELECT l.*, c.balance, sum(l.points) OVER (
            PARTITION BY l.card_key
            ORDER BY l.transaction_date DESC NULLS LAST, l.seq DESC,
                l.transaction_id DESC
            ROWS UNBOUNDED PRECEDING) - l.points AS later
    FROM lot l JOIN card c USING (card_key)
    WHERE l.points > 0
), open_lot AS (
    SELECT card_key, transaction_date AS earned_at, expires_at, points,
        least(points, balance - later) AS remaining
    FROM later
    WHERE balance > later
)
{selected}
