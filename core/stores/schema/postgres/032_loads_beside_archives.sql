-- The ledger and the open lots of some cards, by their keys; of all cards, where `cards` is
-- NULL. A load asks for those that it touches. Give constants for all three: the functions
-- then become part of the query, which reads these cards' rows by an index.

-- What happened on each card up to an instant: every booking's effect, and the lot that
-- it made. Since an instant that is the horizon, or '-infinity': all. A lot is what was
-- earned or added by hand, less what reverses of that very row took back, and, as the
-- oldest and of unknown age, what a card holds from before its first row.
CREATE FUNCTION loyalty_reporting_ledger_of(
        as_of timestamp, since timestamp, cards integer[])
    RETURNS TABLE (company_id integer, card_id bigint, card_key integer,
        program_key integer, customer_key integer, transaction_date timestamp,
        expires_at timestamp, seq bigint, transaction_id bigint, effect numeric,
        lot numeric, points numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH booked AS (
        SELECT r.*, CASE WHEN r.counts_as IN ('redeem', 'expire')
                THEN -r.points_counted ELSE r.points_counted END AS effect
        FROM point_analytics_data r
        WHERE r.transaction_date <= as_of AND r.transaction_date >= since
          AND (cards IS NULL OR r.card_key = ANY (cards))
    ), reversed AS (
        -- Reverses of a row that is known, and no reverse itself.
        SELECT b.order_key, b.transaction_id, b.card_key, b.reverses_id, b.effect
        FROM booked b
        WHERE b.transaction_type = 'reverse' AND (
            EXISTS (
                SELECT FROM point_analytics_data o
                WHERE o.card_key = b.card_key AND o.transaction_id = b.reverses_id
                  AND o.transaction_type <> 'reverse')
            OR since > '-infinity' AND (b.counts_as <> 'adjust' OR EXISTS (
                SELECT FROM archived_booking a
                WHERE a.card_key = b.card_key AND a.transaction_id = b.reverses_id
                  AND a.transaction_type = 'adjust')))
    ), taken_back AS (
        SELECT v.card_key, v.reverses_id, sum(v.effect) AS effect
        FROM reversed v GROUP BY v.card_key, v.reverses_id
    ), past AS (
        SELECT p.* FROM card_past p
        WHERE since > '-infinity' AND (cards IS NULL OR p.card_key = ANY (cards))
    ), opening AS (
        SELECT DISTINCT ON (b.card_key) b.company_id, b.card_id, b.card_key,
            b.program_key, b.customer_key, coalesce(b.balance_after - b.effect, 0)
            AS effect
        FROM booked b
        WHERE NOT EXISTS (SELECT FROM past p WHERE p.card_key = b.card_key)
        ORDER BY b.card_key, b.transaction_date, b.seq, b.transaction_id
    )
    SELECT o.company_id, o.card_id, o.card_key, o.program_key, o.customer_key,
        NULL::timestamp, NULL::timestamp, 0::bigint, 0::bigint, o.effect,
        greatest(o.effect, 0), greatest(o.effect, 0)
    FROM opening o
    UNION ALL
    SELECT p.company_id, p.card_id, p.card_key, p.program_key, p.customer_key, NULL, NULL,
        0, 0, p.debt, 0, 0
    FROM past p
    UNION ALL
    SELECT l.company_id, l.card_id, l.card_key, l.program_key, l.customer_key,
        l.transaction_date, l.expires_at, l.seq, l.transaction_id, l.remaining,
        greatest(l.remaining + coalesce(t.effect, 0), 0),
        greatest(l.points + coalesce(t.effect, 0), 0)
    FROM card_lot l
    LEFT JOIN taken_back t
        ON t.card_key = l.card_key AND t.reverses_id = l.transaction_id
       AND l.transaction_date IS NOT NULL
    WHERE since > '-infinity' AND (cards IS NULL OR l.card_key = ANY (cards))
    UNION ALL
    SELECT b.company_id, b.card_id, b.card_key, b.program_key, b.customer_key,
        b.transaction_date, b.expires_at, b.seq, b.transaction_id, b.effect, lots.lot,
        lots.lot
    FROM booked b
    LEFT JOIN reversed v
        ON v.order_key = b.order_key AND v.transaction_id = b.transaction_id
    LEFT JOIN taken_back t
        ON t.card_key = b.card_key AND t.reverses_id = b.transaction_id
       AND b.transaction_type <> 'reverse'
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.counts_as IN ('earn', 'adjust') AND b.effect > 0
                AND v.transaction_id IS NULL
             THEN greatest(b.effect + coalesce(t.effect, 0), 0) ELSE 0 END AS lot
    ) lots;
END;

CREATE OR REPLACE FUNCTION loyalty_reporting_ledger(as_of timestamp, since timestamp)
    RETURNS TABLE (company_id integer, card_id bigint, card_key integer,
        program_key integer, customer_key integer, transaction_date timestamp,
        expires_at timestamp, seq bigint, transaction_id bigint, effect numeric,
        lot numeric, points numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM loyalty_reporting_ledger_of(as_of, since, NULL);
END;

-- The open lots at an instant, first in, first out, as the ledger since another one tells:
-- what is left of a lot is min(lot, max(0, all points up to it - all that was consumed)).
-- Consumed is what the lots hold more than the card: spent, expired, taken off.
CREATE FUNCTION loyalty_reporting_open_lots_of(
        as_of timestamp, since timestamp, cards integer[])
    RETURNS TABLE (company_id integer, card_id bigint, card_key integer,
        program_key integer, customer_key integer, transaction_date timestamp,
        expires_at timestamp, seq bigint, transaction_id bigint, points numeric,
        remaining numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.company_id, l.card_id, l.card_key, l.program_key, l.customer_key,
        l.transaction_date, l.expires_at, l.seq, l.transaction_id, l.points,
        least(l.lot, greatest(0, l.up_to_here - l.consumed))
    FROM (
        SELECT g.*,
            sum(g.lot) OVER (
                PARTITION BY g.card_key
                ORDER BY g.transaction_date NULLS FIRST, g.seq, g.transaction_id
                ROWS UNBOUNDED PRECEDING) AS up_to_here,
            sum(g.lot - g.effect) OVER (PARTITION BY g.card_key) AS consumed
        FROM loyalty_reporting_ledger_of(as_of, since, cards) g
    ) l
    WHERE l.lot > 0 AND l.up_to_here > l.consumed;
END;

CREATE OR REPLACE FUNCTION loyalty_reporting_open_lots(as_of timestamp, since timestamp)
    RETURNS TABLE (company_id integer, card_id bigint, card_key integer,
        program_key integer, customer_key integer, transaction_date timestamp,
        expires_at timestamp, seq bigint, transaction_id bigint, points numeric,
        remaining numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM loyalty_reporting_open_lots_of(as_of, since, NULL);
END;

-- A letter that holds a document whole, as it was staged: it waits for an archived month and
-- is loaded by itself. `road` and `stands` say how it came; other letters have none.
ALTER TABLE loyalty_reporting_dead_letter
    ADD COLUMN road text,
    ADD COLUMN stands boolean,
    ADD COLUMN version bigint;
CREATE INDEX loyalty_reporting_dead_letter_waiting_idx
    ON loyalty_reporting_dead_letter (source_name) WHERE state = 'open' AND road IS NOT NULL;
