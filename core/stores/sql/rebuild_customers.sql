-- A company's days of customers, its membership rollup and its points, from scratch.
-- Rows that are no more leave a tombstone.
TRUNCATE stage_old_day, stage_new_day, stage_old_bucket, stage_point_bucket;
UPDATE point_analytics_data p
SET counts_as = v.counts_as
FROM (
    SELECT r.order_key, r.transaction_id, r.transaction_date, coalesce((
        SELECT o.transaction_type FROM point_analytics_data o
        WHERE o.card_key = r.card_key AND o.transaction_id = r.reverses_id
          AND o.transaction_type <> 'reverse' LIMIT 1), 'adjust') AS counts_as
    FROM point_analytics_data r
    WHERE r.transaction_type = 'reverse' AND r.company_id = %(company_id)s
) v
WHERE p.order_key = v.order_key AND p.transaction_id = v.transaction_id
  AND p.transaction_date = v.transaction_date AND p.counts_as <> v.counts_as;

WITH old AS (
    DELETE FROM customer_day_data WHERE company_id = %(company_id)s RETURNING *
)
INSERT INTO stage_old_day SELECT * FROM old;

INSERT INTO customer_day_data (company_id, customer_key, date, membership_product_key,
    load_id, transactions, refund_transactions, is_joined, is_upgraded, is_downgraded,
    member_change, spending, gross_spending, points_earned, points_redeemed,
    points_expired, points_adjusted)
{days_of_customers};

INSERT INTO customer_day_tombstone
SELECT o.company_id, o.customer_key, o.date, o.membership_product_key, %(load_id)s
FROM stage_old_day o
WHERE NOT EXISTS (
    SELECT FROM customer_day_data n
    WHERE n.customer_key = o.customer_key AND n.date = o.date
      AND n.company_id = o.company_id
      AND n.membership_product_key = o.membership_product_key);

WITH old AS (
    DELETE FROM membership_analytics_data WHERE company_id = %(company_id)s RETURNING *
)
INSERT INTO membership_analytics_tombstone
SELECT o.company_id, o.membership_product_key, o.date, %(load_id)s FROM old o
WHERE NOT EXISTS (
    SELECT FROM customer_day_data d
    WHERE d.company_id = o.company_id AND d.date = o.date
      AND d.membership_product_key = o.membership_product_key);

INSERT INTO membership_analytics_data ({membership_columns})
SELECT {membership_sums}
FROM (SELECT *, 1 AS sign FROM customer_day_data WHERE company_id = %(company_id)s) d
WHERE membership_product_key > 0
GROUP BY company_id, membership_product_key, date;

WITH old AS (
    DELETE FROM point_analytics_rollup_data WHERE company_id = %(company_id)s
    RETURNING *
)
INSERT INTO stage_old_bucket SELECT * FROM old;

INSERT INTO stage_point_bucket
{point_sums};

-- A card may be used in several companies: its balance is over all of them.
TRUNCATE stage_first_hour, stage_balance;
INSERT INTO stage_first_hour (card_key)
SELECT card_key FROM stage_old_bucket UNION SELECT card_key FROM stage_point_bucket;
ANALYZE stage_first_hour;
INSERT INTO stage_balance
SELECT card_key, hour, coalesce(opening, 0) + sum(sum(net)) OVER (
    PARTITION BY card_key ORDER BY hour)
FROM (
    SELECT card_key, hour, points_earned - points_redeemed - points_expired
        + points_adjusted AS net
    FROM stage_point_bucket
    UNION ALL
    SELECT r.card_key, r.hour, r.points_earned - r.points_redeemed - r.points_expired
        + r.points_adjusted
    FROM point_analytics_rollup_data r
    JOIN stage_first_hour c ON c.card_key = r.card_key
) booked
LEFT JOIN (
    SELECT DISTINCT ON (p.card_key) p.card_key,
        p.balance_after - CASE WHEN p.counts_as IN ('redeem', 'expire')
            THEN -p.points_counted ELSE p.points_counted END AS opening
    FROM point_analytics_data p
    JOIN stage_first_hour c ON c.card_key = p.card_key
    ORDER BY p.card_key, p.transaction_date, p.seq, p.transaction_id
) o USING (card_key)
GROUP BY card_key, hour, opening;
ANALYZE stage_balance; ANALYZE stage_point_bucket;

UPDATE point_analytics_rollup_data r
SET balance = b.balance, load_id = %(load_id)s
FROM stage_balance b
WHERE r.card_key = b.card_key AND r.hour = b.hour AND r.balance <> b.balance;

INSERT INTO point_analytics_rollup_data
SELECT n.company_id, n.program_key, n.card_key, n.customer_key, n.date, n.hour,
    n.transaction_type, n.load_id, n.transactions, n.points_earned, n.points_redeemed,
    n.points_expired, n.points_adjusted, b.balance
FROM stage_point_bucket n JOIN stage_balance b USING (card_key, hour)
ORDER BY n.card_key, n.hour;

INSERT INTO point_analytics_rollup_tombstone
SELECT o.company_id, o.program_key, o.card_key, o.customer_key, o.date, o.hour,
    o.transaction_type, %(load_id)s
FROM stage_old_bucket o
WHERE NOT EXISTS (
    SELECT FROM stage_point_bucket n
    WHERE n.card_key = o.card_key AND n.hour = o.hour
      AND n.transaction_type = o.transaction_type AND n.company_id = o.company_id
      AND n.program_key = o.program_key AND n.customer_key = o.customer_key
      AND n.date = o.date);

DELETE FROM card_state c USING stage_first_hour o WHERE c.card_key = o.card_key;
INSERT INTO card_state (card_key, first_hour, last_hour, balance)
SELECT card_key, min(hour), max(hour),
    (array_agg(balance ORDER BY hour DESC))[1]
FROM stage_balance
GROUP BY card_key;
