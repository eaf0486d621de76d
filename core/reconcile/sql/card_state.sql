SELECT card_key, min(first_hour), max(last_hour),
    (array_agg(balance ORDER BY last_hour DESC))[1]
FROM (
    SELECT card_key, hour AS first_hour, hour AS last_hour, balance
    FROM point_analytics_rollup_data
    UNION ALL
    SELECT card_key, first_hour, last_hour, balance FROM card_month
) hours
GROUP BY card_key
