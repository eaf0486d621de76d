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

-- How many hold a product at the end of a day: the sum of member_change up to it.
CREATE VIEW membership_analytics AS
SELECT
    company_id,
    membership_product_id,
    membership_level,
    date,
    new_members,
    active_members,
    upgraded_members,
    downgraded_members,
    member_change,
    toDecimal128(total_spending_e4, 4) / toDecimal128(10000, 0) AS total_spending,
    -- Rounded half up; a quotient of Decimals would be cut.
    toDecimal128(if(total_spending_e4 < 0, -1, 1) * if(active_members = 0, 0,
        intDiv(abs(total_spending_e4), greatest(active_members, 1)) + (2 * (
            abs(total_spending_e4) % greatest(active_members, 1))
            >= active_members)), 4) / toDecimal128(10000, 0)
        AS avg_spending,
    toDecimal128(total_points_earned_e4, 4) / toDecimal128(10000, 0)
        AS total_points_earned,
    toDecimal128(total_points_redeemed_e4, 4) / toDecimal128(10000, 0)
        AS total_points_redeemed,
    toDecimal128(total_points_expired_e4, 4) / toDecimal128(10000, 0)
        AS total_points_expired,
    toDecimal128(total_points_adjusted_e4, 4) / toDecimal128(10000, 0)
        AS total_points_adjusted,
    total_transactions,
    refund_transactions,
    toDecimal128(gross_spending_e4, 4) / toDecimal128(10000, 0) AS gross_spending
FROM (
    SELECT *, date FROM membership_analytics_data FINAL WHERE is_deleted = 0
) AS facts
ANY LEFT JOIN (
    SELECT membership_product_key, membership_product_id, membership_level
    FROM membership_product_data FINAL
) AS products USING (membership_product_key);

-- By card, clock hour and type. balance is the card's at the end of the hour, over
-- all types: of several rows of an hour it must be taken once. The sum of balance_change
-- up to an instant is what is outstanding then.
CREATE VIEW point_analytics AS
SELECT
    company_id,
    card_id,
    partner_id,
    program_id,
    date,
    hour,
    transaction_type,
    transactions,
    toDecimal128(points_earned_e4, 4) / toDecimal128(10000, 0) AS points_earned,
    toDecimal128(points_redeemed_e4, 4) / toDecimal128(10000, 0) AS points_redeemed,
    toDecimal128(points_expired_e4, 4) / toDecimal128(10000, 0) AS points_expired,
    toDecimal128(points_adjusted_e4, 4) / toDecimal128(10000, 0) AS points_adjusted,
    toDecimal128(balance_e4, 4) / toDecimal128(10000, 0) AS balance,
    toDecimal128(balance_change_e4, 4) / toDecimal128(10000, 0) AS balance_change
FROM (
    SELECT *
    FROM (
        SELECT *
        FROM (
            SELECT *, date, hour, transaction_type
            FROM point_analytics_data FINAL WHERE is_deleted = 0
        ) AS facts
        ANY LEFT JOIN (
            SELECT card_key, card_id FROM card_data FINAL
        ) AS cards USING (card_key)
    ) AS carded
    ANY LEFT JOIN (
        SELECT program_key, program_id FROM program_data FINAL
    ) AS programs USING (program_key)
) AS named
ANY LEFT JOIN (
    SELECT customer_key, partner_id FROM customer_data FINAL
) AS customers USING (customer_key);
