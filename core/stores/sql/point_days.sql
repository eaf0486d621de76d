SELECT r.company_id, r.program_key, r.date, r.transaction_type, sum(r.transactions),
    sum(r.points_earned), sum(r.points_redeemed), sum(r.points_expired),
    sum(r.points_adjusted), sum(r.balance_change)
FROM point_analytics_rollup_data r
WHERE {hours}
GROUP BY r.company_id, r.program_key, r.date, r.transaction_type
