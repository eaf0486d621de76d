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

CREATE TABLE IF NOT EXISTS membership_analytics_data{suffix} (
    company_id UInt32,
    membership_product_key UInt32,
    day UInt16,
    date Date MATERIALIZED toDate(day),
    load_id UInt64,
    is_deleted UInt8,
    new_members Int64,
    active_members Int64,
    upgraded_members Int64,
    downgraded_members Int64,
    member_change Int64,
    total_transactions Int64,
    refund_transactions Int64,
    total_spending_e4 Int64,
    gross_spending_e4 Int64,
    total_points_earned_e4 Int64,
    total_points_redeemed_e4 Int64,
    total_points_expired_e4 Int64,
    total_points_adjusted_e4 Int64
) ENGINE = ReplacingMergeTree(load_id)
PARTITION BY toYYYYMM(date)
ORDER BY (company_id, membership_product_key, day);

-- Key 0 of a membership product is none.
CREATE TABLE IF NOT EXISTS customer_day_data{suffix} (
    customer_key UInt32,
    day UInt16,
    date Date MATERIALIZED toDate(day),
    company_id UInt32,
    membership_product_key UInt32,
    load_id UInt64,
    is_deleted UInt8,
    transactions UInt32,
    refund_transactions UInt32,
    is_joined UInt8,
    is_upgraded UInt8,
    is_downgraded UInt8,
    member_change Int8,
    spending_e4 Int64,
    gross_spending_e4 Int64,
    points_earned_e4 Int64,
    points_redeemed_e4 Int64,
    points_expired_e4 Int64,
    points_adjusted_e4 Int64
) ENGINE = ReplacingMergeTree(load_id)
PARTITION BY toYYYYMM(date)
ORDER BY (customer_key, day, company_id, membership_product_key);

-- Types are numbered: rows come as columns of numbers. Key 0 of a customer is none.
CREATE TABLE IF NOT EXISTS point_analytics_data{suffix} (
    card_key UInt32,
    hour_seconds UInt32,
    hour DateTime('UTC') MATERIALIZED toDateTime(hour_seconds, 'UTC'),
    type_number UInt8,
    transaction_type String MATERIALIZED
        ['earn', 'redeem', 'expire', 'adjust', 'reverse'][type_number],
    company_id UInt32,
    program_key UInt32,
    customer_key UInt32,
    day UInt16,
    date Date MATERIALIZED toDate(day),
    load_id UInt64,
    is_deleted UInt8,
    transactions Int64,
    points_earned_e4 Int64,
    points_redeemed_e4 Int64,
    points_expired_e4 Int64,
    points_adjusted_e4 Int64,
    balance_e4 Int64,
    balance_change_e4 Int64
) ENGINE = ReplacingMergeTree(load_id)
PARTITION BY toYYYYMM(date)
ORDER BY (card_key, hour_seconds, type_number, company_id, program_key, customer_key,
    day);

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

CREATE TABLE IF NOT EXISTS customer_data{suffix} (
    customer_key UInt32,
    version UInt64,
    partner_id Int64
) ENGINE = ReplacingMergeTree(version) ORDER BY customer_key;

CREATE TABLE IF NOT EXISTS card_data{suffix} (
    card_key UInt32,
    version UInt64,
    card_id Int64
) ENGINE = ReplacingMergeTree(version) ORDER BY card_key;

CREATE TABLE IF NOT EXISTS membership_product_data{suffix} (
    membership_product_key UInt32,
    version UInt64,
    membership_product_id Int64,
    membership_level String
) ENGINE = ReplacingMergeTree(version) ORDER BY membership_product_key;
