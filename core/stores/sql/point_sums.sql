SELECT p.company_id, p.program_key, p.card_key, coalesce(p.customer_key, 0), p.date,
    p.hour, p.transaction_type, %(load_id)s, count(*),
    coalesce(sum(p.points_counted) FILTER (WHERE p.counts_as = 'earn'), 0),
    coalesce(sum(p.points_counted) FILTER (WHERE p.counts_as = 'redeem'), 0),
    coalesce(sum(p.points_counted) FILTER (WHERE p.counts_as = 'expire'), 0),
    coalesce(sum(p.points_counted) FILTER (WHERE p.counts_as = 'adjust'), 0), 0,
    sum(CASE WHEN p.counts_as IN ('redeem', 'expire')
        THEN -p.points_counted ELSE p.points_counted END)
FROM {point_rows}
GROUP BY p.company_id, p.program_key, p.card_key, coalesce(p.customer_key, 0), p.date,
    p.hour, p.transaction_type
