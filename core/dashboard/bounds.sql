SELECT (now() AT TIME ZONE %(zone)s)::date, min(first), max(last)
FROM (
    SELECT min(date) AS first, max(date) AS last
    FROM promotion_day_data WHERE company_id = %(company_id)s
    UNION ALL
    SELECT min(date), max(date)
    FROM membership_analytics_data WHERE company_id = %(company_id)s
    UNION ALL
    SELECT min(date), max(date)
    FROM point_day_data WHERE company_id = %(company_id)s
) days
