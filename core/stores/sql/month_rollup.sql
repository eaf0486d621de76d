-- A month's rollup, computed before the load lock is taken.
INSERT INTO stage_rollup ({columns})
SELECT {measures}
FROM stage_order_row o
GROUP BY o.company_id, o.program_key, o.shop_key, o.channel, o.date, o.hour;
