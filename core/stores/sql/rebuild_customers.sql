-- A company's days of customers, its membership rollup and its points, from scratch.
-- Rows that are no more leave a tombstone.
TRUNCATE stage_old_day, stage_old_bucket, stage_point_bucket;
WITH reverses AS (
    SELECT * FROM point_analytics_data
    WHERE transaction_type = 'reverse' AND company_id = %(company_id)s
)
{resolve_reverses};

WITH old AS (
    DELETE FROM customer_day_data WHERE company_id = %(company_id)s RETURNING *
)
INSERT INTO stage_old_day SELECT * FROM old;

INSERT INTO customer_day_data ({columns_of_days})
{days_of_customers};

{tombstones}
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
TRUNCATE stage_first_hour, stage_balance, stage_opening;
INSERT INTO stage_first_hour (card_key)
SELECT card_key FROM stage_old_bucket UNION SELECT card_key FROM stage_point_bucket;
ANALYZE stage_first_hour;
INSERT INTO stage_opening
SELECT DISTINCT ON (p.card_key) p.card_key, p.company_id, p.program_key,
    coalesce(p.customer_key, 0), p.date, p.hour, p.transaction_type,
    coalesce(p.balance_after - CASE WHEN p.counts_as IN ('redeem', 'expire')
        THEN -p.points_counted ELSE p.points_counted END, 0)
FROM point_analytics_data p
JOIN stage_first_hour c ON c.card_key = p.card_key
ORDER BY p.card_key, p.transaction_date, p.seq, p.transaction_id;
ANALYZE stage_opening;

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
LEFT JOIN (SELECT card_key, opening FROM stage_opening) o USING (card_key)
GROUP BY card_key, hour, opening;
ANALYZE stage_balance; ANALYZE stage_point_bucket;

UPDATE point_analytics_rollup_data r
SET balance = b.balance, load_id = %(load_id)s
FROM stage_balance b
WHERE r.card_key = b.card_key AND r.hour = b.hour AND r.balance <> b.balance;

{place_hours}
DELETE FROM point_day_data WHERE company_id = %(company_id)s;
INSERT INTO point_day_data
{days_of_points};

DELETE FROM card_state c USING stage_first_hour o WHERE c.card_key = o.card_key;
INSERT INTO card_state (card_key, first_hour, last_hour, balance)
SELECT card_key, min(hour), max(hour),
    (array_agg(balance ORDER BY hour DESC))[1]
FROM stage_balance
GROUP BY card_key;
