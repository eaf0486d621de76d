-- The intervals of the customers in `members`, from their events. Of several events
-- at one instant the last by id counts; an instant at which nothing changes begins no
-- interval, and one that ends a membership begins none.
SELECT customer_key, company_id, valid_from, valid_to, product_key, date_from, date_to
FROM (
    SELECT customer_key, company_id, transaction_date AS valid_from, date AS date_from,
        product_key,
        lead(transaction_date, 1, 'infinity') OVER held AS valid_to,
        lead(date, 1, 'infinity') OVER held AS date_to
    FROM (
        SELECT *, lag(product_key, 1, 0) OVER (
            PARTITION BY company_id, customer_key ORDER BY transaction_date) AS former
        FROM (
            SELECT DISTINCT ON (e.company_id, e.customer_key, e.transaction_date)
                e.company_id, e.customer_key, e.transaction_date, e.date,
                CASE WHEN e.event_type IN ('expire', 'cancel') THEN 0
                     ELSE e.to_product_key END AS product_key
            FROM membership_event_data e
            JOIN members m ON m.customer_key = e.customer_key
                AND m.company_id = e.company_id
            -- A renewal that names no product keeps the one there is.
            WHERE e.event_type IN ('expire', 'cancel') OR e.to_product_key IS NOT NULL
            ORDER BY e.company_id, e.customer_key, e.transaction_date, e.event_id DESC
        ) instants
    ) levels
    WHERE product_key <> former
    WINDOW held AS (PARTITION BY company_id, customer_key ORDER BY transaction_date)
) intervals
WHERE product_key <> 0
