-- Recompute the rollups of the touched buckets (stage_bucket) from the order
-- grain. A bucket that lost its last fact leaves a tombstone.
INSERT INTO stage_touched SELECT DISTINCT * FROM stage_bucket;
ANALYZE stage_touched;

DELETE FROM promotion_performance_data r
USING stage_touched b
WHERE r.company_id = b.company_id AND r.program_key = b.program_key
  AND r.date = b.date AND r.hour = b.hour AND r.shop_key = b.shop_key
  AND r.channel = b.channel;

INSERT INTO promotion_performance_data ({columns})
SELECT {measures}
FROM stage_touched b
JOIN promotion_order_data o
    ON o.shop_key = b.shop_key AND o.hour = b.hour
   AND o.program_key = b.program_key AND o.company_id = b.company_id
   AND o.channel = b.channel AND o.date = b.date
   -- Says nothing new, but lets PostgreSQL read the one partition.
   AND o.transaction_date >= b.hour
   AND o.transaction_date < b.hour + interval '2 hours'
GROUP BY o.company_id, o.program_key, o.shop_key, o.channel, o.date, o.hour;

INSERT INTO promotion_performance_tombstone
SELECT b.date, b.company_id, b.hour, %(load_id)s, b.program_key, b.shop_key, b.channel
FROM stage_touched b
WHERE NOT EXISTS (
    SELECT FROM promotion_performance_data r
    WHERE r.company_id = b.company_id AND r.program_key = b.program_key
      AND r.date = b.date AND r.hour = b.hour AND r.shop_key = b.shop_key
      AND r.channel = b.channel);
