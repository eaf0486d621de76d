SELECT card_key, min(hour), max(hour), (array_agg(balance ORDER BY hour DESC))[1]
FROM point_analytics_rollup_data
GROUP BY card_key
