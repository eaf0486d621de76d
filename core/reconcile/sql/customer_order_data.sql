-- Orders at the membership that was held at their instant.
SELECT {columns}
FROM (
    SELECT o.*, coalesce(i.membership_product_key, 0) AS held
    FROM customer_order_data o
    LEFT JOIN membership_interval i
        ON i.customer_key = o.customer_key AND i.company_id = o.company_id
       AND i.valid_from <= o.transaction_date AND i.valid_to > o.transaction_date
    WHERE o.transaction_date >= %(first)s AND o.transaction_date < %(following)s
) o
