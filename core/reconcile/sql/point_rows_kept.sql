-- Rows of the ledger may lie in other months than their order.
SELECT r.* FROM point_analytics_data r JOIN stage_document d USING (order_key)
WHERE r.transaction_date >= least(%(first)s, (
        SELECT min(transaction_date) FROM stage_point_row))
  AND r.transaction_date < greatest(%(following)s, (
        SELECT max(transaction_date) + interval '1 microsecond' FROM stage_point_row))
