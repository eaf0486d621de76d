SELECT r.company_id, r.program_key, r.date, {sums}
FROM promotion_performance_data r
WHERE r.date >= %(first)s AND r.date < %(following)s
GROUP BY r.company_id, r.program_key, r.date
