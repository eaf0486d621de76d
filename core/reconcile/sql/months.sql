-- The months of the partitions, and those of what is not partitioned.
SELECT to_date(right(c.relname, 6), 'YYYYMM')
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent IN ('promotion_report_detail_data'::regclass,
        'promotion_evaluation_data'::regclass, 'promotion_order_data'::regclass,
        'promotion_performance_data'::regclass, 'customer_order_data'::regclass,
        'membership_event_data'::regclass, 'point_analytics_data'::regclass,
        'point_analytics_rollup_data'::regclass)
  AND c.relname ~ '_[0-9]{6}$'
UNION SELECT DISTINCT date_trunc('month', date)::date FROM promotion_day_data
UNION SELECT DISTINCT date_trunc('month', date)::date FROM customer_day_data
UNION SELECT DISTINCT date_trunc('month', date)::date FROM membership_analytics_data
UNION SELECT DISTINCT date_trunc('month', date)::date FROM point_day_data
