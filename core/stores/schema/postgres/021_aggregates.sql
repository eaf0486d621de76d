-- Aggregates leave for an archive, too, month by month, after the detail that they follow
-- from: orders by program, the hours of programs and of cards, the days of customers.
-- Days of programs, memberships and points stay: a few rows each that name nobody.

-- A month has a state in each tier; what each means is in 020_retention.sql. A month that
-- is away has no rows here, and no load may write to it.
ALTER TABLE loyalty_reporting_archive
    ADD tier text NOT NULL DEFAULT 'detail',
    ADD is_away boolean NOT NULL
        GENERATED ALWAYS AS (state IN ('leaving', 'archived', 'expired')) STORED,
    DROP CONSTRAINT loyalty_reporting_archive_month_key,
    ADD UNIQUE (month, tier);

CREATE OR REPLACE VIEW archived_month AS
SELECT month FROM loyalty_reporting_archive WHERE tier = 'detail' AND is_away;
CREATE VIEW archived_aggregate AS
SELECT month FROM loyalty_reporting_archive WHERE tier = 'aggregate' AND is_away;

-- The days of customers by month, as all that leaves. Views of others upon them cannot be
-- taken along.
DO $$
DECLARE found text;
BEGIN
    SELECT string_agg(DISTINCT r.ev_class::regclass::text, ', ') INTO found
    FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND (d.refclassid, d.refobjid) IN (
        ('pg_class'::regclass, 'customer_day_data'::regclass),
        ('pg_proc'::regclass, 'loyalty_reporting_churn(integer, date)'::regprocedure));
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Views of your own read customer_day_data or'
            ' loyalty_reporting_churn: %.', found
            USING HINT = 'Drop them, update, and make them again.';
    END IF;
END $$;
CREATE TEMP TABLE former_right ON COMMIT DROP AS
SELECT 'TABLE customer_day_data' AS what, a.grantee, a.privilege_type, a.is_grantable
FROM pg_class c, aclexplode(c.relacl) a
WHERE c.oid = 'customer_day_data'::regclass AND a.grantee <> c.relowner
UNION ALL
SELECT 'FUNCTION loyalty_reporting_churn(integer, date)', a.grantee, a.privilege_type,
    a.is_grantable
FROM pg_proc p, aclexplode(p.proacl) a
WHERE p.oid = 'loyalty_reporting_churn(integer, date)'::regprocedure
  AND a.grantee <> p.proowner;
ALTER TABLE customer_day_data RENAME TO customer_day_former;
DROP FUNCTION loyalty_reporting_churn(integer, date);
CREATE TABLE customer_day_data (
    LIKE customer_day_former INCLUDING DEFAULTS,
    PRIMARY KEY (customer_key, date, company_id, membership_product_key)
) PARTITION BY RANGE (date);
DO $$
DECLARE first date;
BEGIN
    FOR first IN SELECT DISTINCT date_trunc('month', date) FROM customer_day_former LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF customer_day_data'
            ' FOR VALUES FROM (%L) TO (%L)',
            'customer_day_data_' || to_char(first, 'YYYYMM'), first,
            first + interval '1 month');
    END LOOP;
END $$;
INSERT INTO customer_day_data SELECT * FROM customer_day_former;
DROP TABLE customer_day_former;
CREATE INDEX customer_day_date_idx ON customer_day_data (company_id, date);
CREATE INDEX customer_day_load_idx ON customer_day_data USING brin (load_id)
    WITH (autosummarize = on);
ANALYZE customer_day_data;

-- As in 004_customers.sql, whose table it read.
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

DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM former_right LOOP
        EXECUTE format('GRANT %s ON %s TO %s%s', r.privilege_type, r.what,
            CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE r.grantee::regrole::text END,
            CASE WHEN r.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END $$;
DROP TABLE former_right;

-- What stays of the hours of cards of a month that left: balances add up from the very
-- first booking on, and the next hour of a card begins with the balance of the last.
CREATE TABLE card_month (
    month date NOT NULL,
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    card_key integer NOT NULL,
    customer_key integer NOT NULL,
    transaction_type text NOT NULL,
    first_hour timestamp NOT NULL,
    last_hour timestamp NOT NULL,
    -- Of the card, at the end of the last hour.
    balance numeric(28, 4) NOT NULL,
    balance_change numeric(28, 4) NOT NULL,
    PRIMARY KEY (card_key, month, transaction_type, company_id, program_key, customer_key)
);

-- Who was there in a month that left, and what they bought: sums of their days, and the
-- first and the last of these with a sale (NULL: none).
CREATE TABLE customer_month (
    month date NOT NULL,
    company_id integer NOT NULL,
    customer_key integer NOT NULL,
    spending numeric(28, 4) NOT NULL,
    transactions integer NOT NULL,
    refund_transactions integer NOT NULL,
    first_sale date,
    last_sale date,
    PRIMARY KEY (customer_key, month, company_id)
);

-- What customers bought, from the very first order on: by the day, and of months that left
-- as a whole (of one on its way out, too, whose days are here still). It lies between
-- first_day and last_day: of refunds in a month that left, the day is not known.
CREATE VIEW customer_spend AS
SELECT d.company_id, d.customer_key, d.date AS first_day, d.date AS last_day, d.spending,
    d.transactions, d.refund_transactions,
    CASE WHEN d.transactions > 0 THEN d.date END AS first_sale,
    CASE WHEN d.transactions > 0 THEN d.date END AS last_sale
FROM customer_day_data d
WHERE NOT EXISTS (
    SELECT FROM customer_month m
    WHERE m.customer_key = d.customer_key AND m.company_id = d.company_id
      AND m.month = date_trunc('month', d.date::timestamp)::date)
UNION ALL
SELECT m.company_id, m.customer_key,
    CASE WHEN m.refund_transactions = 0 THEN m.first_sale ELSE m.month END,
    CASE WHEN m.refund_transactions = 0 THEN m.last_sale
        ELSE (m.month + interval '1 month - 1 day')::date END,
    m.spending, m.transactions, m.refund_transactions, m.first_sale, m.last_sale
FROM customer_month m
WHERE m.transactions > 0 OR m.refund_transactions > 0;

-- What changed the balance of cards, from the very first booking on: by the hour, and
-- of months that left as of their last day (of one on its way out, too, whose hours are
-- here still).
CREATE VIEW point_change AS
SELECT r.company_id, r.program_key, r.card_key, r.customer_key, r.transaction_type, r.date,
    r.hour, r.balance_change
FROM point_analytics_rollup_data r
WHERE date_trunc('month', r.date::timestamp)::date NOT IN (
    SELECT month FROM archived_aggregate)
UNION ALL
SELECT m.company_id, m.program_key, m.card_key, m.customer_key, m.transaction_type,
    (m.month + interval '1 month - 1 day')::date, m.last_hour, m.balance_change
FROM card_month m;

-- Partitions of ClickHouse to be filled anew from what PostgreSQL holds of them: months
-- that were dropped here, or came back. The next push does it.
CREATE TABLE loyalty_reporting_copy_month (
    id bigserial PRIMARY KEY,
    month date NOT NULL
);
