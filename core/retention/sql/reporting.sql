-- The companies that have facts, or had some before these left. Odoo has others, too, that
-- sell nothing. The first row that is found is enough; orders are asked last, as those of
-- nobody and of no program are in no sums by day.
SELECT c.company_id
FROM loyalty_reporting_company c
WHERE coalesce(
    (SELECT true FROM promotion_day_data d WHERE d.company_id = c.company_id LIMIT 1),
    (SELECT true FROM point_day_data d WHERE d.company_id = c.company_id LIMIT 1),
    (SELECT true FROM membership_analytics_data d WHERE d.company_id = c.company_id
     LIMIT 1),
    (SELECT true FROM customer_order_data o WHERE o.company_id = c.company_id LIMIT 1))
ORDER BY 1
