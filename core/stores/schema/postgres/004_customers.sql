-- Customers: their orders, their membership, and what each did on a day. Timestamps
-- are UTC; date and hour are cut in the company's time zone.

-- A document's rows gained what earlier versions did not read: all are read again.
DELETE FROM loyalty_reporting_cursor;

-- Months of a first load are attached without what is derived of customers and cards:
-- that is computed once all of them are there.
ALTER TABLE fact_load ADD is_derived boolean NOT NULL DEFAULT true;
UPDATE fact_load SET is_derived = NOT EXISTS (SELECT FROM fact_document);

-- NULL: another system records the company's sales; this one's are not counted.
ALTER TABLE loyalty_reporting_source_company ALTER company_id DROP NOT NULL;

ALTER TABLE loyalty_reporting_program ADD version bigint NOT NULL DEFAULT 0;
ALTER TABLE loyalty_reporting_dead_letter ADD kind text NOT NULL DEFAULT 'order';

CREATE TABLE loyalty_reporting_membership_product (
    id serial PRIMARY KEY,
    source text NOT NULL,
    external_id bigint NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    rank bigint,
    version bigint NOT NULL DEFAULT 0,
    is_known boolean NOT NULL DEFAULT false,
    UNIQUE (source, external_id)
);

-- The company of what names none: the only one that its source feeds, if it reports;
-- or NULL.
CREATE FUNCTION loyalty_reporting_only_company(system text) RETURNS integer
    LANGUAGE sql STABLE
    RETURN (SELECT min(c.company_id) FROM loyalty_reporting_source_company m
            LEFT JOIN loyalty_reporting_company c USING (company_id)
            WHERE m.source = system HAVING count(DISTINCT m.company_id) = 1);

-- The clock hour of an instant, as the instant at which it began. Truncating the
-- local time and converting it back would be wrong when clocks are set back.
CREATE FUNCTION loyalty_reporting_hour(instant timestamp, zone text) RETURNS timestamp
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN instant - ((instant AT TIME ZONE 'UTC' AT TIME ZONE zone)
        - date_trunc('hour', instant AT TIME ZONE 'UTC' AT TIME ZONE zone));

-- Can this be an instant of a fact?
CREATE FUNCTION loyalty_reporting_is_instant(instant timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN instant >= timestamptz '2000-01-01 00:00Z'
        AND instant < date_trunc('day', now(), 'UTC') + interval '2 days';

-- One row an order, whether or not a program applied to it.
CREATE TABLE customer_order_data (
    order_key bigint NOT NULL,
    transaction_date timestamp NOT NULL,
    hour timestamp NOT NULL,
    company_id integer NOT NULL,
    shop_key integer NOT NULL,
    customer_key integer,
    -- The product held at that instant; 0 is none.
    membership_product_key integer NOT NULL,
    date date NOT NULL,
    is_refund boolean NOT NULL,
    is_first_order boolean,
    partner_id bigint,
    order_id text NOT NULL,
    channel text NOT NULL,
    refund_of text,
    amount numeric(18, 4) NOT NULL,
    currency text,
    currency_rate numeric,
    currency_amount numeric(18, 4),
    PRIMARY KEY (order_key, transaction_date)
) PARTITION BY RANGE (transaction_date);
CREATE INDEX customer_order_customer_idx
    ON customer_order_data (customer_key, transaction_date);

CREATE TABLE membership_event_data (
    order_key bigint NOT NULL,
    event_id bigint NOT NULL,
    transaction_date timestamp NOT NULL,
    hour timestamp NOT NULL,
    company_id integer NOT NULL,
    customer_key integer NOT NULL,
    from_product_key integer,
    to_product_key integer,
    date date NOT NULL,
    partner_id bigint NOT NULL,
    event_type text NOT NULL,
    order_id text,
    PRIMARY KEY (order_key, transaction_date)
) PARTITION BY RANGE (transaction_date);
CREATE INDEX membership_event_customer_idx
    ON membership_event_data (customer_key, transaction_date);

-- When each customer held what: valid_from ≤ instant < valid_to, and the business
-- days on which that began and ended. Derived from the events.
CREATE TABLE membership_interval (
    customer_key integer NOT NULL,
    company_id integer NOT NULL,
    valid_from timestamp NOT NULL,
    valid_to timestamp NOT NULL,
    membership_product_key integer NOT NULL,
    date_from date NOT NULL,
    date_to date NOT NULL,
    PRIMARY KEY (customer_key, company_id, valid_from)
);

CREATE FUNCTION loyalty_reporting_product_held(
    company integer, customer integer, instant timestamp) RETURNS integer
    LANGUAGE sql STABLE
    RETURN coalesce((
        SELECT i.membership_product_key FROM membership_interval i
        WHERE i.customer_key = customer AND i.company_id = company
          AND i.valid_from <= instant AND i.valid_to > instant), 0);

-- What a customer did on a day at one membership (0: none). Whatever is distinct
-- over customers counts these rows; membership_analytics is their sum.
CREATE TABLE customer_day_data (
    company_id integer NOT NULL,
    customer_key integer NOT NULL,
    date date NOT NULL,
    membership_product_key integer NOT NULL,
    load_id bigint NOT NULL,
    transactions integer NOT NULL,
    refund_transactions integer NOT NULL,
    is_joined boolean NOT NULL,
    is_upgraded boolean NOT NULL,
    is_downgraded boolean NOT NULL,
    -- 1: holds it since this day, -1: no longer, 0: as before
    member_change smallint NOT NULL,
    spending numeric(28, 4) NOT NULL,
    gross_spending numeric(28, 4) NOT NULL,
    points_earned numeric(28, 4) NOT NULL,
    points_redeemed numeric(28, 4) NOT NULL,
    points_expired numeric(28, 4) NOT NULL,
    points_adjusted numeric(28, 4) NOT NULL,
    PRIMARY KEY (customer_key, date, company_id, membership_product_key)
);
CREATE INDEX customer_day_date_idx ON customer_day_data (company_id, date);
CREATE INDEX customer_day_load_idx ON customer_day_data USING brin (load_id)
    WITH (autosummarize = on);

CREATE TABLE customer_day_tombstone (
    company_id integer NOT NULL,
    customer_key integer NOT NULL,
    date date NOT NULL,
    membership_product_key integer NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (load_id, customer_key, date, company_id, membership_product_key)
);

-- By membership product and day: kept by difference of the rows above.
CREATE TABLE membership_analytics_data (
    company_id integer NOT NULL,
    membership_product_key integer NOT NULL,
    date date NOT NULL,
    load_id bigint NOT NULL,
    customer_rows bigint NOT NULL,
    new_members bigint NOT NULL,
    active_members bigint NOT NULL,
    upgraded_members bigint NOT NULL,
    downgraded_members bigint NOT NULL,
    member_change bigint NOT NULL,
    total_transactions bigint NOT NULL,
    refund_transactions bigint NOT NULL,
    total_spending numeric(28, 4) NOT NULL,
    gross_spending numeric(28, 4) NOT NULL,
    total_points_earned numeric(28, 4) NOT NULL,
    total_points_redeemed numeric(28, 4) NOT NULL,
    total_points_expired numeric(28, 4) NOT NULL,
    total_points_adjusted numeric(28, 4) NOT NULL,
    PRIMARY KEY (company_id, membership_product_key, date)
);

CREATE TABLE membership_analytics_tombstone (
    company_id integer NOT NULL,
    membership_product_key integer NOT NULL,
    date date NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (load_id, company_id, membership_product_key, date)
);

CREATE VIEW membership_levels AS
SELECT DISTINCT ON (external_id)
    external_id AS membership_product_id,
    level AS membership_level,
    name,
    rank
FROM loyalty_reporting_membership_product
ORDER BY external_id, is_known DESC, id;

CREATE VIEW membership_event AS
SELECT
    e.order_key AS id,
    e.event_id,
    e.company_id,
    e.partner_id,
    e.order_id,
    e.event_type,
    f.external_id AS from_membership_product_id,
    f.level AS from_membership_level,
    t.external_id AS to_membership_product_id,
    t.level AS to_membership_level,
    e.transaction_date,
    e.date,
    e.hour,
    date_trunc('week', e.date)::date AS week,
    e.customer_key,
    c.partner_id AS odoo_partner_id
FROM membership_event_data e
LEFT JOIN loyalty_reporting_membership_product f ON f.id = e.from_product_key
LEFT JOIN loyalty_reporting_membership_product t ON t.id = e.to_product_key
LEFT JOIN loyalty_reporting_customer c ON c.id = e.customer_key;

-- members: who hold the product at the end of the day; of a day without a row, the
-- row before it tells.
CREATE VIEW membership_analytics AS
SELECT
    r.company_id,
    p.external_id AS membership_product_id,
    p.level AS membership_level,
    r.date,
    r.new_members,
    r.active_members,
    r.upgraded_members,
    r.downgraded_members,
    (sum(r.member_change) OVER (
        PARTITION BY r.company_id, r.membership_product_key ORDER BY r.date))::bigint
        AS members,
    r.total_spending,
    coalesce(round(r.total_spending / nullif(r.active_members, 0), 4), 0)
        AS avg_spending,
    r.total_points_earned,
    r.total_points_redeemed,
    r.total_points_expired,
    r.total_points_adjusted,
    r.total_transactions,
    r.refund_transactions,
    r.gross_spending
FROM membership_analytics_data r
JOIN loyalty_reporting_membership_product p ON p.id = r.membership_product_key;

-- Members without a sale for `days` days, on the day on which they cross that: a member
-- whose last sale was on day d crosses on d + days, at the level held at its end.
CREATE FUNCTION loyalty_reporting_churn(days integer, as_of date)
    RETURNS TABLE (company_id integer, membership_product_key integer, date date,
        churned_members bigint)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH sales AS (
        SELECT d.company_id, d.customer_key, d.date,
            lead(d.date) OVER (
                PARTITION BY d.company_id, d.customer_key ORDER BY d.date) AS following
        FROM (SELECT DISTINCT c.company_id, c.customer_key, c.date
              FROM customer_day_data c WHERE c.transactions > 0) d
    )
    SELECT s.company_id, i.membership_product_key, s.date + days, count(*)
    FROM sales s
    JOIN membership_interval i
        ON i.customer_key = s.customer_key AND i.company_id = s.company_id
       AND i.date_from <= s.date + days AND i.date_to > s.date + days
    WHERE s.date + days <= as_of
      AND (s.following IS NULL OR s.following > s.date + days)
    GROUP BY s.company_id, i.membership_product_key, s.date + days;
END;
