-- The tables that are rebuilt from PostgreSQL; {suffix} sets a rebuild's apart.
-- Rows are never changed: a newer version (load_id) of the same sort key replaces
-- the older, is_deleted marks a key that is gone. Money, quantities and points are
-- whole ten-thousandths: sums are exact, and inserting needs no Decimal.
CREATE TABLE IF NOT EXISTS promotion_order_data{suffix} (
    order_key UInt64,
    program_key UInt32,
    first_day UInt16,
    first_month Date MATERIALIZED toDate(first_day),
    load_id UInt64,
    is_deleted UInt8,
    company_id UInt32,
    shop_key UInt32,
    customer_key UInt32,
    channel String,
    day UInt16,
    date Date MATERIALIZED toDate(day),
    hour_seconds UInt32,
    hour DateTime('UTC') MATERIALIZED toDateTime(hour_seconds, 'UTC'),
    line_count UInt32,
    is_refund UInt8,
    is_eligible UInt8,
    is_applied UInt8,
    is_rejected UInt8,
    qty_e4 Int64,
    amount_e4 Int64,
    discount_e4 Int64,
    points_earned_e4 Int64,
    points_redeemed_e4 Int64
) ENGINE = ReplacingMergeTree(load_id)
PARTITION BY toYYYYMM(first_month)
ORDER BY (order_key, program_key);

CREATE TABLE IF NOT EXISTS promotion_performance_data{suffix} (
    company_id UInt32,
    program_key UInt32,
    day UInt16,
    date Date MATERIALIZED toDate(day),
    hour_seconds UInt32,
    hour DateTime('UTC') MATERIALIZED toDateTime(hour_seconds, 'UTC'),
    shop_key UInt32,
    channel String,
    load_id UInt64,
    is_deleted UInt8,
    total_transactions Int64,
    refund_transactions Int64,
    eligible_transactions Int64,
    applied_transactions Int64,
    rejected_transactions Int64,
    unique_customers Int64,
    total_qty_e4 Int64,
    total_amount_e4 Int64,
    total_discount_e4 Int64,
    gross_qty_e4 Int64,
    gross_amount_e4 Int64,
    gross_discount_e4 Int64,
    points_earned_e4 Int64,
    points_redeemed_e4 Int64
) ENGINE = ReplacingMergeTree(load_id)
PARTITION BY toYYYYMM(date)
ORDER BY (company_id, program_key, day, hour_seconds, shop_key, channel);

CREATE TABLE IF NOT EXISTS program_data{suffix} (
    program_key UInt32,
    version UInt64,
    program_id Int64,
    program_name String,
    program_type String
) ENGINE = ReplacingMergeTree(version) ORDER BY program_key;

CREATE TABLE IF NOT EXISTS shop_data{suffix} (
    shop_key UInt32,
    version UInt64,
    store_id Int64
) ENGINE = ReplacingMergeTree(version) ORDER BY shop_key;
