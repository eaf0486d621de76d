-- Program-day rollup of the touched buckets, summed from the shop-hour rollup.
ANALYZE stage_bucket;
DELETE FROM promotion_day_data r
USING (SELECT DISTINCT company_id, program_key, date FROM stage_bucket) b
WHERE r.company_id = b.company_id AND r.program_key = b.program_key
  AND r.date = b.date;

INSERT INTO promotion_day_data (company_id, program_key, date, {day_columns})
SELECT r.company_id, r.program_key, r.date, {sums}
FROM promotion_performance_data r
JOIN (SELECT DISTINCT company_id, program_key, date FROM stage_bucket) b
    ON r.company_id = b.company_id AND r.program_key = b.program_key
   AND r.date = b.date
GROUP BY r.company_id, r.program_key, r.date;
