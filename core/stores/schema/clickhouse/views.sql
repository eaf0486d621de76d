-- The names and columns that an analyst's SQL uses.
CREATE VIEW promotion_performance AS
SELECT
    company_id,
    program_id,
    program_name,
    program_type,
    store_id,
    channel,
    date,
    hour,
    total_transactions,
    refund_transactions,
    toDecimal128(total_qty_e4, 4) / toDecimal128(10000, 0) AS total_qty,
    toDecimal128(total_amount_e4, 4) / toDecimal128(10000, 0) AS total_amount,
    toDecimal128(total_discount_e4, 4) / toDecimal128(10000, 0) AS total_discount,
    -- Rounded half up; a quotient of Decimals would be cut.
    toDecimal128(if(total_amount_e4 < 0, -1, 1) * if(total_transactions = 0, 0,
        intDiv(abs(total_amount_e4), greatest(total_transactions, 1)) + (2 * (
            abs(total_amount_e4) % greatest(total_transactions, 1))
            >= total_transactions)), 4) / toDecimal128(10000, 0)
        AS avg_transaction_value,
    unique_customers,
    eligible_transactions,
    applied_transactions,
    rejected_transactions,
    if(eligible_transactions = 0, 0, applied_transactions / eligible_transactions)
        AS conversion_rate,
    toDecimal128(gross_qty_e4, 4) / toDecimal128(10000, 0) AS gross_qty,
    toDecimal128(gross_amount_e4, 4) / toDecimal128(10000, 0) AS gross_amount,
    toDecimal128(gross_discount_e4, 4) / toDecimal128(10000, 0) AS gross_discount,
    toDecimal128(points_earned_e4, 4) / toDecimal128(10000, 0) AS points_earned,
    toDecimal128(points_redeemed_e4, 4) / toDecimal128(10000, 0) AS points_redeemed
FROM (
    SELECT *
    FROM (
        SELECT *, date, hour FROM promotion_performance_data FINAL WHERE is_deleted = 0
    ) AS facts
    ANY LEFT JOIN (
        SELECT program_key, program_id, program_name, program_type
        FROM program_data FINAL
    ) AS programs USING (program_key)
) AS named
ANY LEFT JOIN (
    SELECT shop_key, store_id FROM shop_data FINAL
) AS shops USING (shop_key);
