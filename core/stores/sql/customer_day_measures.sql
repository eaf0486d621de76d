-- Days of customers from scratch: those that `days` names.
SELECT company_id, customer_key, date, membership_product_key, %(load_id)s,
    sum(transactions), sum(refunds), bool_or(is_joined), bool_or(is_upgraded),
    bool_or(is_downgraded), sum(member_change), sum(spending), sum(gross_spending),
    sum(points_earned), sum(points_redeemed), sum(points_expired), sum(points_adjusted)
FROM (
    SELECT o.company_id, o.customer_key, o.date, o.membership_product_key,
        (NOT o.is_refund)::integer AS transactions, o.is_refund::integer AS refunds,
        false AS is_joined, false AS is_upgraded, false AS is_downgraded,
        0 AS member_change, o.amount AS spending,
        CASE WHEN o.is_refund THEN 0 ELSE o.amount END AS gross_spending,
        0 AS points_earned, 0 AS points_redeemed, 0 AS points_expired,
        0 AS points_adjusted
    FROM {days} t
    JOIN customer_order_data o ON {of_day}
    UNION ALL
    SELECT o.company_id, o.customer_key, o.date, o.membership_product_key,
        0, 0, false, false, false, 0, 0, 0,
        CASE WHEN o.counts_as = 'earn' THEN o.points_counted ELSE 0 END,
        CASE WHEN o.counts_as = 'redeem' THEN o.points_counted ELSE 0 END,
        CASE WHEN o.counts_as = 'expire' THEN o.points_counted ELSE 0 END,
        CASE WHEN o.counts_as = 'adjust' THEN o.points_counted ELSE 0 END
    FROM {days} t
    JOIN point_analytics_data o ON {of_day}
    UNION ALL
    SELECT o.company_id, o.customer_key, o.date, o.to_product_key,
        0, 0, o.event_type = 'join', o.event_type = 'upgrade',
        o.event_type = 'downgrade', 0, 0, 0, 0, 0, 0, 0
    FROM {days} t
    JOIN membership_event_data o ON {of_day}
    WHERE o.event_type IN ('join', 'upgrade', 'downgrade')
    UNION ALL
    SELECT o.company_id, o.customer_key, o.date, o.membership_product_key,
        0, 0, false, false, false, o.change, 0, 0, 0, 0, 0, 0
    FROM {days} t
    JOIN (
        SELECT company_id, customer_key, date_from AS date, membership_product_key,
            1 AS change FROM membership_interval
        UNION ALL
        SELECT company_id, customer_key, date_to, membership_product_key, -1
        FROM membership_interval WHERE date_to <> 'infinity'
    ) o ON {of_interval}
) facts
GROUP BY company_id, customer_key, date, membership_product_key
HAVING sum(transactions) > 0 OR sum(refunds) > 0 OR sum(member_change) <> 0
    OR bool_or(is_joined OR is_upgraded OR is_downgraded)
    OR sum(abs(points_earned) + abs(points_redeemed) + abs(points_expired)
           + abs(points_adjusted)) > 0
