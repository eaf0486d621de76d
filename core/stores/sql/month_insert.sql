-- Put the prepared order grain of a month in place and roll it up. Where a zone's
-- clock hours straddle the border of a UTC month, the neighbour may have written
-- the same bucket; so may it on the days at the border. Those are left to
-- rollup.sql and days.sql, which recompute them (month_borders.sql).
INSERT INTO {order_partition}
SELECT order_key, transaction_date, hour, %(load_id)s, program_key, company_id,
    shop_key, customer_key, date, first_month, line_count, is_refund, is_eligible,
    is_applied, is_rejected, channel, qty, amount, discount, points_earned,
    points_redeemed
FROM stage_order_row;

-- Grouped in the order of the primary key, so that its index is only appended to.
INSERT INTO promotion_performance_data ({columns})
SELECT {measures}
FROM stage_order_row o
WHERE o.hour >= %(first)s AND o.hour <= %(following)s::timestamp - interval '1 hour'
GROUP BY o.company_id, o.program_key, o.date, o.hour, o.shop_key, o.channel;

INSERT INTO promotion_day_data (company_id, program_key, date, {day_columns})
SELECT r.company_id, r.program_key, r.date, {sums}
FROM promotion_performance_data r
WHERE r.date > %(first)s AND r.date < %(following)s::date - 1
  AND r.load_id = %(load_id)s
GROUP BY r.company_id, r.program_key, r.date;

INSERT INTO stage_bucket
SELECT company_id, program_key, shop_key, channel, date, hour
FROM stage_order_row
WHERE hour < %(first)s OR hour > %(following)s::timestamp - interval '1 hour';
