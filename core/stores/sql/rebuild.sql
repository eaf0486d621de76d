-- A company's rollups, from scratch. Buckets that are no more leave a tombstone.
CREATE TEMP TABLE IF NOT EXISTS stage_former (LIKE promotion_performance_data);
TRUNCATE stage_former;
WITH former AS (
    DELETE FROM promotion_performance_data
    WHERE company_id = %(company_id)s RETURNING *
)
INSERT INTO stage_former SELECT * FROM former;

INSERT INTO promotion_performance_data ({columns})
SELECT {measures}
FROM promotion_order_data o
WHERE o.company_id = %(company_id)s
GROUP BY o.company_id, o.program_key, o.shop_key, o.channel, o.date, o.hour;

INSERT INTO promotion_performance_tombstone
SELECT b.date, b.company_id, b.hour, %(load_id)s, b.program_key, b.shop_key, b.channel
FROM stage_former b
WHERE NOT EXISTS (
    SELECT FROM promotion_performance_data r
    WHERE r.company_id = b.company_id AND r.program_key = b.program_key
      AND r.date = b.date AND r.hour = b.hour AND r.shop_key = b.shop_key
      AND r.channel = b.channel);

DELETE FROM promotion_day_data WHERE company_id = %(company_id)s;
INSERT INTO promotion_day_data (company_id, program_key, date, {day_columns})
SELECT r.company_id, r.program_key, r.date, {sums}
FROM promotion_performance_data r
WHERE r.company_id = %(company_id)s
GROUP BY r.company_id, r.program_key, r.date;
