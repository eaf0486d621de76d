-- The days at the borders of a month, to be summed again by days.sql.
TRUNCATE stage_bucket;
INSERT INTO stage_bucket (company_id, program_key, date)
SELECT DISTINCT company_id, program_key, date
FROM stage_order_row
WHERE date <= %(first)s OR date >= %(following)s::date - 1;
ANALYZE stage_bucket;
