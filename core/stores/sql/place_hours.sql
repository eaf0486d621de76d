-- The recomputed hours of cards, with their balances; those that are no more leave a
-- tombstone. What a card held before its first booking is on the row of that.
ANALYZE stage_opening;
UPDATE stage_point_bucket n
SET balance_change = n.balance_change + o.opening
FROM stage_opening o
WHERE n.card_key = o.card_key AND n.hour = o.hour AND n.date = o.date
  AND n.transaction_type = o.transaction_type AND n.company_id = o.company_id
  AND n.program_key = o.program_key AND n.customer_key = o.customer_key;

INSERT INTO point_analytics_rollup_data
SELECT n.company_id, n.program_key, n.card_key, n.customer_key, n.date, n.hour,
    n.transaction_type, n.load_id, n.transactions, n.points_earned, n.points_redeemed,
    n.points_expired, n.points_adjusted, b.balance, n.balance_change
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

