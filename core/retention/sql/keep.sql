-- What stays of a month of aggregates that leaves.
DELETE FROM card_month WHERE month = %(month)s;
INSERT INTO card_month (month, company_id, program_key, card_key, customer_key,
    transaction_type, first_hour, last_hour, balance, balance_change)
SELECT %(month)s::date, company_id, program_key, card_key, customer_key,
    transaction_type, min(hour), max(hour), (array_agg(balance ORDER BY hour DESC))[1],
    sum(balance_change)
FROM point_analytics_rollup_data
WHERE date >= %(month)s AND date < %(following)s
GROUP BY company_id, program_key, card_key, customer_key, transaction_type;

DELETE FROM customer_month WHERE month = %(month)s;
INSERT INTO customer_month (month, company_id, customer_key, spending, transactions,
    refund_transactions, first_sale, last_sale)
SELECT %(month)s::date, company_id, customer_key, sum(spending), sum(transactions),
    sum(refund_transactions), min(date) FILTER (WHERE transactions > 0),
    max(date) FILTER (WHERE transactions > 0)
FROM (
    SELECT company_id, customer_key, date, spending, transactions, refund_transactions
    FROM customer_day_data WHERE date >= %(month)s AND date < %(following)s
    UNION ALL
    SELECT company_id, customer_key, NULL, 0, 0, 0 FROM promotion_order_data
    WHERE transaction_date >= %(month)s AND transaction_date < %(following)s
      AND customer_key IS NOT NULL
    UNION ALL
    SELECT company_id, customer_key, NULL, 0, 0, 0 FROM point_analytics_rollup_data
    WHERE date >= %(month)s AND date < %(following)s AND customer_key <> 0
) there
GROUP BY company_id, customer_key;
