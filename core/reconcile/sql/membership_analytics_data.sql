SELECT {membership_sums}
FROM (
    SELECT *, 1 AS sign FROM customer_day_data
    WHERE date >= %(first)s AND date < %(following)s
) d
WHERE membership_product_key > 0
GROUP BY company_id, membership_product_key, date
