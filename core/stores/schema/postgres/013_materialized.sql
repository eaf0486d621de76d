-- Materialized views: which there are and when they were refreshed. Their definitions
-- are in materialized/, from which each is made again when it is missing or changed.

CREATE TABLE loyalty_reporting_materialized_view (
    id serial PRIMARY KEY,
    name text NOT NULL UNIQUE,
    definition text NOT NULL,
    -- The last load before its rows were computed; NULL: they must be computed anew.
    load_id bigint,
    row_count bigint NOT NULL,
    refreshed_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    seconds double precision NOT NULL,
    problem text
);

-- What mv_promotion_daily_summary knows of months whose order grain is gone, by the
-- UTC month of the rows: a business day at the border of two months has a part in each.
-- Who bought on such a day is kept by key, since distinct counts of parts do not add up.
CREATE TABLE promotion_daily_summary_frozen (
    month date NOT NULL,
    company_id integer NOT NULL,
    program_key integer NOT NULL,
    report_date date NOT NULL,
    total_orders bigint NOT NULL,
    unique_customers bigint NOT NULL,
    customer_keys integer[] NOT NULL,
    total_qty numeric(28, 4) NOT NULL,
    total_amount numeric(28, 4) NOT NULL,
    total_discount numeric(28, 4) NOT NULL,
    total_points_earned numeric(28, 4) NOT NULL,
    total_points_redeemed numeric(28, 4) NOT NULL,
    PRIMARY KEY (month, company_id, program_key, report_date)
);
