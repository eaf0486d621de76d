-- What a person would write for the pivots of pivot.py, over the tables of the facts.

-- pivot: program × month × store, half a year
SELECT program_key, date_trunc('month', date) AS month, shop_key,
    count(DISTINCT order_key) FILTER (WHERE line_count > 0 AND NOT is_refund),
    count(DISTINCT customer_key) FILTER (WHERE line_count > 0 AND NOT is_refund),
    sum(amount), sum(discount), sum(discount) / nullif(sum(amount + discount), 0),
    count(*)
FROM promotion_order_data
WHERE company_id = 1 AND date BETWEEN '2017-01-01' AND '2017-06-30'
GROUP BY GROUPING SETS (
    (), (program_key), (program_key, month), (program_key, month, shop_key),
    (month, shop_key), (shop_key));

-- pivot: program × month × store, all: refused
SELECT program_key, date_trunc('month', date) AS month, shop_key,
    count(DISTINCT order_key) FILTER (WHERE line_count > 0 AND NOT is_refund),
    count(DISTINCT customer_key) FILTER (WHERE line_count > 0 AND NOT is_refund),
    sum(amount), sum(discount), sum(discount) / nullif(sum(amount + discount), 0),
    count(*)
FROM promotion_order_data
WHERE company_id = 1
GROUP BY GROUPING SETS (
    (), (program_key), (program_key, month), (program_key, month, shop_key),
    (month, shop_key), (shop_key));

-- pivot: product × week of a program, half a year
SELECT product_id, date_trunc('week', date) AS week,
    count(DISTINCT order_key) FILTER (WHERE NOT is_refund),
    count(DISTINCT customer_key) FILTER (WHERE NOT is_refund),
    sum(amount), sum(discount), sum(discount) / nullif(sum(amount + discount), 0),
    count(*)
FROM promotion_report_detail_data
WHERE company_id = 1 AND date BETWEEN '2017-01-01' AND '2017-06-30'
  AND program_key IN (
    SELECT id FROM loyalty_reporting_program WHERE name = 'Unattributed coupons')
GROUP BY GROUPING SETS ((), (product_id), (product_id, week), (week));

-- pivot: level × month: members, spending
WITH day AS (
    SELECT d.*, p.level, date_trunc('month', d.date) AS month
    FROM customer_day_data d
    JOIN loyalty_reporting_membership_product p ON p.id = d.membership_product_key
    WHERE d.company_id = 1
)
SELECT level, month, sum(sum(member_change)) OVER (
        PARTITION BY grouping(level, month), level ORDER BY month),
    count(DISTINCT customer_key) FILTER (WHERE transactions > 0), sum(spending),
    sum(spending) / nullif(
        count(DISTINCT customer_key) FILTER (WHERE transactions > 0), 0),
    count(*)
FROM day
GROUP BY GROUPING SETS ((), (level), (level, month), (month));

-- pivot: level × month: sums alone
WITH day AS (
    SELECT d.*, p.level, date_trunc('month', d.date) AS month
    FROM customer_day_data d
    JOIN loyalty_reporting_membership_product p ON p.id = d.membership_product_key
    WHERE d.company_id = 1
)
SELECT level, month, sum(sum(member_change)) OVER (
        PARTITION BY grouping(level, month), level ORDER BY month),
    sum(spending), sum(points_earned), count(*)
FROM day
GROUP BY GROUPING SETS ((), (level), (level, month), (month));

-- pivot: points by month
SELECT date_trunc('month', date) AS month,
    sum(points_counted) FILTER (WHERE counts_as = 'earn'),
    sum(points_counted) FILTER (WHERE counts_as = 'redeem'),
    sum(points_counted) FILTER (WHERE counts_as = 'expire'),
    sum(points_counted) FILTER (WHERE counts_as = 'adjust'),
    sum(points_counted) FILTER (WHERE counts_as = 'redeem')
        / nullif(sum(points_counted) FILTER (WHERE counts_as = 'earn'), 0),
    count(*)
FROM point_analytics_data
WHERE company_id = 1
GROUP BY GROUPING SETS ((), (month));

-- pivot: points by month, outstanding
SELECT date_trunc('month', date) AS month,
    sum(points_counted) FILTER (WHERE counts_as = 'earn'),
    sum(points_counted) FILTER (WHERE counts_as = 'redeem'),
    sum(points_counted) FILTER (WHERE counts_as = 'expire'),
    sum(points_counted) FILTER (WHERE counts_as = 'adjust'),
    sum(points_counted) FILTER (WHERE counts_as = 'redeem')
        / nullif(sum(points_counted) FILTER (WHERE counts_as = 'earn'), 0),
    count(*), sum(sum(CASE WHEN counts_as IN ('redeem', 'expire')
        THEN -points_counted ELSE points_counted END)) OVER (
        PARTITION BY grouping(date_trunc('month', date))
        ORDER BY date_trunc('month', date))
FROM point_analytics_data
WHERE company_id = 1
GROUP BY GROUPING SETS ((), (date_trunc('month', date)));
