-- Private copies of what a source delivered, in the contract's own columns.
-- Nothing is checked yet: every value that PostgreSQL can hold may be here. Keys
-- collate as in the map, or its index could not be used.
CREATE TEMP TABLE IF NOT EXISTS stage_key (document_key text COLLATE "C");
CREATE TEMP TABLE IF NOT EXISTS stage_program (
    id bigint, name text, program_type text, active boolean,
    valid_from date, valid_to date, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_order (
    id text COLLATE "C", partner_id bigint, store_id bigint, channel text,
    ordered_at timestamptz, currency text, state text, company_id bigint,
    version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_line (
    id bigint, order_id text COLLATE "C", program_id bigint, product_id bigint,
    qty numeric, amount numeric, discount numeric,
    points_earned numeric, points_redeemed numeric, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_evaluation (
    id bigint, order_id text COLLATE "C", program_id bigint, partner_id bigint,
    evaluated_at timestamptz, outcome text, reason text, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_reject (
    table_name text, document_key text COLLATE "C", row_key text, reason text, raw text);

-- Documents that passed: kind is sale, refund, void, basket (evaluations
-- without an order) or gone (known here, absent at the source).
CREATE TEMP TABLE IF NOT EXISTS stage_document (
    document_key text COLLATE "C", kind text, company_id integer, partner_id bigint,
    customer_key integer, shop_key integer, channel text,
    transaction_date timestamp, hour timestamp, date date, timezone text,
    currency text, currency_rate numeric, version bigint, content_hash bigint,
    order_key bigint, first_month date, old_date timestamp, old_load_id bigint);

-- What was staged, transformed into rows of ours.
CREATE TEMP TABLE IF NOT EXISTS stage_detail (
    LIKE promotion_report_detail_data INCLUDING DEFAULTS);
CREATE TEMP TABLE IF NOT EXISTS stage_evaluation_row (LIKE promotion_evaluation_data);
CREATE TEMP TABLE IF NOT EXISTS stage_order_row (
    LIKE promotion_order_data, content_hash bigint);

-- What a load touches: rollup buckets, and keys that stood here before.
CREATE TEMP TABLE IF NOT EXISTS stage_bucket (
    company_id integer, program_key integer, shop_key integer, channel text,
    date date, hour timestamp);
CREATE TEMP TABLE IF NOT EXISTS stage_touched (LIKE stage_bucket);
CREATE TEMP TABLE IF NOT EXISTS stage_old_key (
    order_key bigint, program_key integer, first_month date);

-- A key that is too long for an index, as the dead letters keep it.
CREATE OR REPLACE FUNCTION pg_temp.kept_key(key text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN octet_length(key) <= 1000 THEN key
                ELSE left(key, 150) || ' … ' || md5(key) END;
