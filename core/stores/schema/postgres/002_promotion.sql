-- Promotion facts: detail (one row a line), order grain (one row a program and
-- order, lines and evaluations together), rollups (shop-hour and program-day).
-- Timestamps are UTC; date and hour are cut in the company's time zone.

-- A loader takes a thousand at a time: nextval() would be a fifth of its work.
CREATE SEQUENCE promotion_report_detail_id_seq AS bigint CACHE 1000;
CREATE TABLE promotion_report_detail_data (
    id bigint NOT NULL DEFAULT nextval('promotion_report_detail_id_seq'),
    order_key bigint NOT NULL,
    line_id bigint NOT NULL,
    program_id bigint NOT NULL,
    partner_id bigint,
    product_id bigint,
    transaction_date timestamp NOT NULL,
    hour timestamp NOT NULL,
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    shop_key integer NOT NULL,
    customer_key integer,
    date date NOT NULL,
    is_refund boolean NOT NULL,
    order_id text NOT NULL,
    channel text NOT NULL,
    qty numeric(18, 4) NOT NULL,
    amount numeric(18, 4) NOT NULL,
    discount numeric(18, 4) NOT NULL,
    points_earned numeric(18, 4) NOT NULL,
    points_redeemed numeric(18, 4) NOT NULL,
    -- As delivered, where the order's currency is not the company's.
    currency text,
    currency_rate numeric,
    currency_amount numeric(18, 4),
    currency_discount numeric(18, 4),
    PRIMARY KEY (id, transaction_date)
) PARTITION BY RANGE (transaction_date);
CREATE INDEX promotion_report_detail_document_idx
    ON promotion_report_detail_data (order_key);
CREATE INDEX promotion_report_detail_program_idx
    ON promotion_report_detail_data (program_id, transaction_date);
CREATE INDEX promotion_report_detail_partner_idx
    ON promotion_report_detail_data (partner_id, transaction_date);

CREATE TABLE promotion_evaluation_data (
    id bigint NOT NULL,
    order_key bigint NOT NULL,
    transaction_date timestamp NOT NULL,
    evaluated_at timestamp NOT NULL,
    hour timestamp NOT NULL,
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    shop_key integer NOT NULL,
    customer_key integer,
    date date NOT NULL,
    channel text NOT NULL,
    order_kind text NOT NULL,
    outcome text NOT NULL,
    reason text,
    PRIMARY KEY (order_key, id, transaction_date)
) PARTITION BY RANGE (transaction_date);

-- Sums are wider than rows: a bucket of valid rows must never overflow.
CREATE TABLE promotion_order_data (
    order_key bigint NOT NULL,
    transaction_date timestamp NOT NULL,
    hour timestamp NOT NULL,
    load_id bigint NOT NULL,
    program_key integer NOT NULL,
    company_id integer NOT NULL,
    shop_key integer NOT NULL,
    customer_key integer,
    date date NOT NULL,
    first_month date NOT NULL,
    line_count integer NOT NULL,
    is_refund boolean NOT NULL,
    is_eligible boolean NOT NULL,
    is_applied boolean NOT NULL,
    is_rejected boolean NOT NULL,
    channel text NOT NULL,
    qty numeric(28, 4) NOT NULL,
    amount numeric(28, 4) NOT NULL,
    discount numeric(28, 4) NOT NULL,
    points_earned numeric(28, 4) NOT NULL,
    points_redeemed numeric(28, 4) NOT NULL,
    PRIMARY KEY (order_key, program_key, transaction_date)
) PARTITION BY RANGE (transaction_date);
CREATE INDEX promotion_order_bucket_idx
    ON promotion_order_data (shop_key, hour, program_key);
-- Loads append: ranges of pages tell where the newest are, at no cost to a load.
CREATE INDEX promotion_order_load_idx ON promotion_order_data USING brin (load_id)
    WITH (autosummarize = on);

-- Keys that a load took away; a store that holds them must drop them.
CREATE TABLE promotion_order_tombstone (
    order_key bigint NOT NULL,
    program_key integer NOT NULL,
    first_month date NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (load_id, order_key, program_key)
);

CREATE TABLE promotion_performance_data (
    date date NOT NULL,
    company_id integer NOT NULL,
    hour timestamp NOT NULL,
    load_id bigint NOT NULL,
    program_key integer NOT NULL,
    shop_key integer NOT NULL,
    channel text NOT NULL,
    total_transactions bigint NOT NULL,
    refund_transactions bigint NOT NULL,
    eligible_transactions bigint NOT NULL,
    applied_transactions bigint NOT NULL,
    rejected_transactions bigint NOT NULL,
    unique_customers bigint NOT NULL,
    total_qty numeric(28, 4) NOT NULL,
    total_amount numeric(28, 4) NOT NULL,
    total_discount numeric(28, 4) NOT NULL,
    gross_qty numeric(28, 4) NOT NULL,
    gross_amount numeric(28, 4) NOT NULL,
    gross_discount numeric(28, 4) NOT NULL,
    points_earned numeric(28, 4) NOT NULL,
    points_redeemed numeric(28, 4) NOT NULL,
    PRIMARY KEY (company_id, program_key, date, hour, shop_key, channel)
) PARTITION BY RANGE (date);
CREATE INDEX promotion_performance_load_idx
    ON promotion_performance_data USING brin (load_id)
    WITH (autosummarize = on);

CREATE TABLE promotion_performance_tombstone (
    date date NOT NULL,
    company_id integer NOT NULL,
    hour timestamp NOT NULL,
    load_id bigint NOT NULL,
    program_key integer NOT NULL,
    shop_key integer NOT NULL,
    channel text NOT NULL,
    PRIMARY KEY (load_id, company_id, program_key, date, hour, shop_key, channel)
);

-- Orders are additive over shops, channels and hours, so this is a sum of the
-- rollup above; unique customers are not, and are not kept here.
CREATE TABLE promotion_day_data (
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    date date NOT NULL,
    total_transactions bigint NOT NULL,
    refund_transactions bigint NOT NULL,
    eligible_transactions bigint NOT NULL,
    applied_transactions bigint NOT NULL,
    rejected_transactions bigint NOT NULL,
    total_qty numeric(28, 4) NOT NULL,
    total_amount numeric(28, 4) NOT NULL,
    total_discount numeric(28, 4) NOT NULL,
    gross_qty numeric(28, 4) NOT NULL,
    gross_amount numeric(28, 4) NOT NULL,
    gross_discount numeric(28, 4) NOT NULL,
    points_earned numeric(28, 4) NOT NULL,
    points_redeemed numeric(28, 4) NOT NULL,
    PRIMARY KEY (company_id, program_key, date)
);
