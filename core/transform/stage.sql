-- Private copies of what a source delivered, in the contract's own columns.
-- Nothing is checked yet: every value that PostgreSQL can hold may be here. Keys
-- collate as in the map, or its index could not be used.
CREATE TEMP TABLE IF NOT EXISTS stage_key (kind text, document_key text COLLATE "C");
CREATE TEMP TABLE IF NOT EXISTS stage_program (
    id bigint, name text, program_type text, active boolean,
    valid_from date, valid_to date, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_membership_product (
    id bigint, name text, level text, rank bigint, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_card (
    id bigint, program_id bigint, partner_id bigint, membership_product_id bigint,
    active boolean, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_order (
    id text COLLATE "C", partner_id bigint, store_id bigint, channel text,
    ordered_at timestamptz, amount_total numeric, currency text,
    is_first_order boolean, state text, refund_of text, company_id bigint,
    version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_line (
    id bigint, order_id text COLLATE "C", program_id bigint, product_id bigint,
    qty numeric, amount numeric, discount numeric,
    points_earned numeric, points_redeemed numeric, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_evaluation (
    id bigint, order_id text COLLATE "C", program_id bigint, partner_id bigint,
    evaluated_at timestamptz, outcome text, reason text, version bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_point (
    id bigint, seq bigint, card_id bigint, partner_id bigint, program_id bigint,
    transaction_type text, points_amount numeric, balance_after numeric,
    occurred_at timestamptz, expires_at timestamptz, origin text,
    order_id text COLLATE "C", reverses_id bigint, version bigint, company_id bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_membership_event (
    id bigint, partner_id bigint, order_id text, event_type text,
    from_membership_product_id bigint, to_membership_product_id bigint,
    occurred_at timestamptz, version bigint, company_id bigint);
-- `kind` is that of the document, for which the row's own key does not stand.
CREATE TEMP TABLE IF NOT EXISTS stage_reject (
    table_name text, document_key text COLLATE "C", row_key text, reason text, raw text,
    kind text DEFAULT 'order');
-- Events that could not be read. What another event says of their document is loaded
-- all the same. `version` is that of the document, where it is known.
CREATE TEMP TABLE IF NOT EXISTS stage_unread (LIKE stage_reject, version bigint);
-- PostgreSQL's own compression takes several times as long; not every build has lz4.
DO $$ BEGIN
    ALTER TABLE stage_unread ALTER raw SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;

-- Documents that passed. State of an order: sale, refund, void or basket
-- (evaluations without an order); of other kinds: event, booking; of any kind: gone
-- (known here, absent at the source).
CREATE TEMP TABLE IF NOT EXISTS stage_document (
    kind text, document_key text COLLATE "C", state text, company_id integer,
    partner_id bigint, customer_key integer, shop_key integer, channel text,
    transaction_date timestamp, hour timestamp, date date, timezone text,
    currency text, currency_rate numeric, version bigint, content_hash bigint,
    amount numeric, currency_amount numeric, is_first_order boolean, refund_of text,
    order_key bigint, first_month date, old_date timestamp, old_load_id bigint);

-- What was staged, transformed into rows of ours.
CREATE TEMP TABLE IF NOT EXISTS stage_detail (
    LIKE promotion_report_detail_data INCLUDING DEFAULTS);
CREATE TEMP TABLE IF NOT EXISTS stage_evaluation_row (LIKE promotion_evaluation_data);
CREATE TEMP TABLE IF NOT EXISTS stage_order_row (
    LIKE promotion_order_data, content_hash bigint);
CREATE TEMP TABLE IF NOT EXISTS stage_event_row (LIKE membership_event_data);
CREATE TEMP TABLE IF NOT EXISTS stage_point_row (LIKE point_analytics_data);

-- What a load touches: rollup buckets, and keys that stood here before.
CREATE TEMP TABLE IF NOT EXISTS stage_bucket (
    company_id integer, program_key integer, shop_key integer, channel text,
    date date, hour timestamp);
CREATE TEMP TABLE IF NOT EXISTS stage_touched (LIKE stage_bucket);
CREATE TEMP TABLE IF NOT EXISTS stage_old_key (
    order_key bigint, program_key integer, first_month date);
-- Customers whose membership may have changed, from an instant on; days of
-- customers; rows of the ledger that came or went.
CREATE TEMP TABLE IF NOT EXISTS stage_member (
    company_id integer, customer_key integer, instant timestamp);
-- The borders of their memberships, before (-1) and after (1).
CREATE TEMP TABLE IF NOT EXISTS stage_border (
    company_id integer, customer_key integer, date date, membership_product_key integer,
    change integer, sign integer);
CREATE TEMP TABLE IF NOT EXISTS stage_customer_day (
    company_id integer, customer_key integer, date date);
CREATE TEMP TABLE IF NOT EXISTS stage_booked (
    card_key integer, transaction_id bigint, hour timestamp);
CREATE TEMP TABLE IF NOT EXISTS stage_new_day (LIKE customer_day_data);
CREATE TEMP TABLE IF NOT EXISTS stage_old_day (LIKE customer_day_data);
CREATE TEMP TABLE IF NOT EXISTS stage_first_hour (card_key integer, hour timestamp);
-- The rollup row of a card's first booking, and what the card held before it.
CREATE TEMP TABLE IF NOT EXISTS stage_opening (
    card_key integer, company_id integer, program_key integer, customer_key integer,
    date date, hour timestamp, transaction_type text, opening numeric);
CREATE TEMP TABLE IF NOT EXISTS stage_balance (
    card_key integer, hour timestamp, balance numeric);
CREATE TEMP TABLE IF NOT EXISTS stage_point_bucket (
    LIKE point_analytics_rollup_data);
CREATE TEMP TABLE IF NOT EXISTS stage_old_bucket (LIKE point_analytics_rollup_data);
-- The archived months that a document depends on, and cards whose bookings before the
-- horizon it changes.
CREATE TEMP TABLE IF NOT EXISTS stage_month (order_key bigint, month date);
CREATE TEMP TABLE IF NOT EXISTS stage_early_card (order_key bigint, card_key integer);

-- A key that is too long for an index, as the dead letters keep it.
CREATE OR REPLACE FUNCTION pg_temp.kept_key(key text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN octet_length(key) <= 1000 THEN key
                ELSE left(key, 150) || ' … ' || md5(key) END;
