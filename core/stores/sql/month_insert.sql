-- Put the prepared order grain and rollup of a month in place. Where a zone's
-- clock hours straddle the border of a UTC month, the neighbour may have written
-- the same bucket: those are recomputed by rollup.sql instead.
INSERT INTO {order_partition}
SELECT order_key, transaction_date, hour, %(load_id)s, program_key, company_id,
    shop_key, customer_key, date, first_month, line_count, is_refund, is_eligible,
    is_applied, is_rejected, channel, qty, amount, discount, points_earned,
    points_redeemed
FROM stage_order_row;

INSERT INTO promotion_performance_data
SELECT date, company_id, hour, %(load_id)s, program_key, shop_key, channel,
    total_transactions, refund_transactions, eligible_transactions,
    applied_transactions, rejected_transactions, unique_customers,
    total_qty, total_amount, total_discount, gross_qty, gross_amount, gross_discount,
    points_earned, points_redeemed
FROM stage_rollup
WHERE hour >= %(first)s AND hour <= %(following)s::timestamp - interval '1 hour';

-- Days wholly inside the UTC month in every time zone; the others follow by
-- days.sql.
INSERT INTO promotion_day_data (company_id, program_key, date, {columns})
SELECT r.company_id, r.program_key, r.date, {sums}
FROM stage_rollup r
WHERE r.date > %(first)s AND r.date < %(following)s::date - 1
GROUP BY r.company_id, r.program_key, r.date;
