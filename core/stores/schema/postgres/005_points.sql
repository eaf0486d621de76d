-- Points: the ledger's rows, and their rollup with the balance of each card.

CREATE TABLE loyalty_reporting_card (
    id serial PRIMARY KEY,
    source text NOT NULL,
    external_id bigint NOT NULL,
    program_id bigint,
    partner_id bigint,
    membership_product_id bigint,
    active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 0,
    is_known boolean NOT NULL DEFAULT false,
    UNIQUE (source, external_id)
);

CREATE TABLE point_analytics_data (
    order_key bigint NOT NULL,
    transaction_id bigint NOT NULL,
    seq bigint NOT NULL,
    card_id bigint NOT NULL,
    program_id bigint NOT NULL,
    partner_id bigint,
    transaction_date timestamp NOT NULL,
    hour timestamp NOT NULL,
    expires_at timestamp,
    reverses_id bigint,
    company_id integer NOT NULL,
    card_key integer NOT NULL,
    program_key integer NOT NULL,
    customer_key integer,
    -- The product held at that instant; 0 is none.
    membership_product_key integer NOT NULL,
    date date NOT NULL,
    is_first_order boolean,
    transaction_type text NOT NULL,
    -- The type in which it counts, and how: a reverse counts negatively in the type
    -- that it reverses.
    counts_as text NOT NULL,
    points_counted numeric(18, 4) NOT NULL,
    points_amount numeric(18, 4) NOT NULL,
    balance_after numeric(18, 4),
    amount numeric(18, 4) NOT NULL,
    origin text,
    order_id text,
    PRIMARY KEY (order_key, transaction_id, transaction_date)
) PARTITION BY RANGE (transaction_date);
CREATE INDEX point_analytics_card_idx
    ON point_analytics_data (card_key, transaction_date, seq);
CREATE INDEX point_analytics_partner_idx
    ON point_analytics_data (partner_id, transaction_date);
CREATE INDEX point_analytics_customer_idx
    ON point_analytics_data (customer_key, transaction_date);
CREATE INDEX point_analytics_reverse_idx
    ON point_analytics_data (card_key, reverses_id)
    WHERE transaction_type = 'reverse';

-- By card, clock hour and type. `balance` is the card's at the end of that hour: its
-- opening and all that was booked until then, over all types.
CREATE TABLE point_analytics_rollup_data (
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    card_key integer NOT NULL,
    customer_key integer NOT NULL,
    date date NOT NULL,
    hour timestamp NOT NULL,
    transaction_type text NOT NULL,
    load_id bigint NOT NULL,
    transactions bigint NOT NULL,
    points_earned numeric(28, 4) NOT NULL,
    points_redeemed numeric(28, 4) NOT NULL,
    points_expired numeric(28, 4) NOT NULL,
    points_adjusted numeric(28, 4) NOT NULL,
    balance numeric(28, 4) NOT NULL,
    PRIMARY KEY (card_key, hour, transaction_type, company_id, program_key,
                 customer_key, date)
) PARTITION BY RANGE (date);
CREATE INDEX point_analytics_rollup_load_idx
    ON point_analytics_rollup_data USING brin (load_id) WITH (autosummarize = on);
CREATE INDEX point_analytics_rollup_date_idx
    ON point_analytics_rollup_data (company_id, date);

CREATE TABLE point_analytics_rollup_tombstone (
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    card_key integer NOT NULL,
    customer_key integer NOT NULL,
    date date NOT NULL,
    hour timestamp NOT NULL,
    transaction_type text NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (load_id, card_key, hour, transaction_type, company_id, program_key,
                 customer_key, date)
);

-- Where each card stands: its first and last hour with bookings, and its balance.
CREATE TABLE card_state (
    card_key integer PRIMARY KEY,
    first_hour timestamp NOT NULL,
    last_hour timestamp NOT NULL,
    balance numeric(28, 4) NOT NULL
);

CREATE VIEW point_analytics AS
SELECT
    r.transaction_id AS id,
    r.card_id,
    r.partner_id,
    r.program_id,
    p.name AS program_name,
    m.external_id AS membership_product_id,
    r.transaction_date,
    r.transaction_type,
    r.points_amount,
    r.balance_after,
    r.origin,
    r.order_id,
    r.amount,
    r.is_first_order,
    CASE WHEN r.counts_as = 'earn' THEN r.points_counted ELSE 0 END AS points_earned,
    CASE WHEN r.counts_as = 'redeem' THEN r.points_counted ELSE 0 END
        AS points_redeemed,
    CASE WHEN r.counts_as = 'expire' THEN r.points_counted ELSE 0 END
        AS points_expired,
    CASE WHEN r.counts_as = 'adjust' THEN r.points_counted ELSE 0 END
        AS points_adjusted,
    r.expires_at,
    r.reverses_id,
    r.seq,
    r.company_id,
    r.date,
    r.hour,
    date_trunc('week', r.date)::date AS week,
    r.order_key,
    r.program_key,
    r.card_key,
    r.customer_key,
    c.partner_id AS odoo_partner_id
FROM point_analytics_data r
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key
LEFT JOIN loyalty_reporting_membership_product m ON m.id = r.membership_product_key
LEFT JOIN loyalty_reporting_customer c ON c.id = r.customer_key;

CREATE VIEW point_analytics_rollup AS
SELECT
    r.company_id,
    k.external_id AS card_id,
    c.external_id AS partner_id,
    p.external_id AS program_id,
    r.date,
    r.hour,
    r.transaction_type,
    r.transactions,
    r.points_earned,
    r.points_redeemed,
    r.points_expired,
    r.points_adjusted,
    r.balance
FROM point_analytics_rollup_data r
LEFT JOIN loyalty_reporting_card k ON k.id = r.card_key
LEFT JOIN loyalty_reporting_customer c ON c.id = r.customer_key
LEFT JOIN loyalty_reporting_program p ON p.id = r.program_key;

-- The roll-forward of each card and day: opening + earned - redeemed - expired
-- + adjusted = closing.
CREATE VIEW point_card_day AS
SELECT
    company_id,
    card_id,
    date,
    closing - points_earned + points_redeemed + points_expired - points_adjusted
        AS opening,
    points_earned,
    points_redeemed,
    points_expired,
    points_adjusted,
    closing
FROM (
    SELECT company_id, card_id, date,
        sum(points_earned) AS points_earned,
        sum(points_redeemed) AS points_redeemed,
        sum(points_expired) AS points_expired,
        sum(points_adjusted) AS points_adjusted,
        (array_agg(balance ORDER BY hour DESC))[1] AS closing
    FROM point_analytics_rollup
    GROUP BY company_id, card_id, date
) d;

-- The open lots of points at an instant, first in, first out: what is left of a lot
-- is min(lot, max(0, all points up to it - all that was consumed)). Lots are what was
-- earned or added by hand, less what reverses of that very row took back, and, as the
-- oldest and of unknown age, what a card holds from before its first row. Consumed is
-- what the lots hold more than the card: spent, expired, taken off.
CREATE FUNCTION loyalty_reporting_point_lots(as_of timestamp)
    RETURNS TABLE (company_id integer, card_id bigint, card_key integer,
        program_key integer, customer_key integer, earned_at timestamp,
        expires_at timestamp, points numeric, remaining numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH booked AS (
        SELECT r.*, CASE WHEN r.counts_as IN ('redeem', 'expire')
                THEN -r.points_counted ELSE r.points_counted END AS effect
        FROM point_analytics_data r WHERE r.transaction_date <= as_of
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
        SELECT DISTINCT ON (b.card_key) b.company_id, b.card_id, b.card_key,
            b.program_key, b.customer_key, NULL::timestamp AS transaction_date,
            NULL::timestamp AS expires_at, coalesce(b.balance_after - b.effect, 0)
            AS effect, 0::bigint AS seq, 0::bigint AS transaction_id,
            greatest(coalesce(b.balance_after - b.effect, 0), 0) AS lot
        FROM booked b
        ORDER BY b.card_key, b.transaction_date, b.seq, b.transaction_id
    ), ledger AS (
        SELECT o.* FROM opening o
        UNION ALL
        SELECT b.company_id, b.card_id, b.card_key, b.program_key, b.customer_key,
            b.transaction_date, b.expires_at, b.effect, b.seq, b.transaction_id,
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
    SELECT l.company_id, l.card_id, l.card_key, l.program_key, l.customer_key,
        l.transaction_date, l.expires_at, l.lot,
        least(l.lot, greatest(0, l.up_to_here - l.consumed))
    FROM lots l
    WHERE l.lot > 0 AND l.up_to_here > l.consumed;
END;

-- The last instant of a business day of a company.
CREATE FUNCTION loyalty_reporting_end_of(day date, zone text) RETURNS timestamp
    LANGUAGE sql STABLE
    RETURN ((day + 1)::timestamp AT TIME ZONE zone AT TIME ZONE 'UTC')
        - interval '1 microsecond';

-- Outstanding points at the end of a business day, by business days since they were
-- earned; what a card holds from before its first row is of unknown age (NULL).
CREATE FUNCTION loyalty_reporting_point_ageing(day date)
    RETURNS TABLE (company_id integer, program_key integer, age text, points numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT c.company_id, l.program_key,
        CASE WHEN l.days <= 30 THEN '0-30' WHEN l.days <= 60 THEN '31-60'
             WHEN l.days <= 90 THEN '61-90' WHEN l.days <= 180 THEN '91-180'
             WHEN l.days > 180 THEN 'over 180' END,
        sum(l.remaining)
    FROM loyalty_reporting_company c
    CROSS JOIN LATERAL (
        SELECT o.program_key, o.remaining, o.company_id,
            day - (o.earned_at AT TIME ZONE 'UTC' AT TIME ZONE c.timezone)::date AS days
        FROM loyalty_reporting_point_lots(
            loyalty_reporting_end_of(day, c.timezone)) o
    ) l
    WHERE l.company_id = c.company_id
    GROUP BY 1, 2, 3;
END;

-- Points outstanding at the end of a business day, by the month in which they would
-- expire unspent (NULL: never).
CREATE FUNCTION loyalty_reporting_point_expiry(day date)
    RETURNS TABLE (company_id integer, program_key integer, month date, points numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT c.company_id, l.program_key, l.month, sum(l.remaining)
    FROM loyalty_reporting_company c
    CROSS JOIN LATERAL (
        SELECT o.program_key, o.remaining, o.company_id, date_trunc('month',
            o.expires_at AT TIME ZONE 'UTC' AT TIME ZONE c.timezone)::date AS month
        FROM loyalty_reporting_point_lots(
            loyalty_reporting_end_of(day, c.timezone)) o
    ) l
    WHERE l.company_id = c.company_id
    GROUP BY 1, 2, 3;
END;
