UPDATE point_analytics_data p
SET counts_as = v.counts_as
FROM (
    SELECT r.order_key, r.transaction_id, r.transaction_date, coalesce((
        SELECT o.transaction_type FROM point_analytics_data o
        WHERE o.card_key = r.card_key AND o.transaction_id = r.reverses_id
          AND o.transaction_type <> 'reverse' LIMIT 1), 'adjust') AS counts_as
    FROM reverses r
) v
WHERE p.order_key = v.order_key AND p.transaction_id = v.transaction_id
  AND p.transaction_date = v.transaction_date AND p.counts_as <> v.counts_as
