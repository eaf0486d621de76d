-- Order grain of a UTC month, from the stored lines and evaluations. A basket without
-- an order has its evaluations at their own instants and counts from the first.
WITH lines AS (
    SELECT order_key, program_key, min(transaction_date) AS transaction_date,
        min(hour) AS hour, min(company_id) AS company_id, min(shop_key) AS shop_key,
        min(customer_key) AS customer_key, min(date) AS date,
        bool_or(is_refund) AS is_refund, min(channel) AS channel,
        count(*) AS line_count, sum(qty) AS qty, sum(amount) AS amount,
        sum(discount) AS discount, sum(points_earned) AS points_earned,
        sum(points_redeemed) AS points_redeemed
    FROM promotion_report_detail_data
    WHERE transaction_date >= %(first)s AND transaction_date < %(following)s
    GROUP BY order_key, program_key
), evaluated AS (
    SELECT * FROM promotion_evaluation_data
    WHERE order_kind <> 'basket'
      AND transaction_date >= %(first)s AND transaction_date < %(following)s
    UNION ALL
    SELECT * FROM promotion_evaluation_data
    WHERE order_kind = 'basket' AND order_key IN (
        SELECT order_key FROM promotion_evaluation_data
        WHERE order_kind = 'basket'
          AND transaction_date >= %(first)s AND transaction_date < %(following)s)
      AND order_key NOT IN (SELECT order_key FROM archived_document)
), evaluations AS (
    SELECT order_key, program_key, min(transaction_date) AS transaction_date,
        min(hour) AS hour, min(company_id) AS company_id, min(shop_key) AS shop_key,
        min(customer_key) AS customer_key, min(date) AS date,
        bool_or(order_kind = 'refund') AS is_refund, min(channel) AS channel,
        bool_or(outcome IN ('applied', 'eligible') AND order_kind <> 'refund')
            AS is_eligible,
        bool_or(outcome = 'applied' AND order_kind = 'sale') AS is_applied,
        bool_or(outcome = 'rejected' AND order_kind <> 'refund') AS is_rejected
    FROM evaluated
    GROUP BY order_key, program_key
    HAVING min(transaction_date) >= %(first)s
       AND min(transaction_date) < %(following)s
)
SELECT order_key, coalesce(l.transaction_date, e.transaction_date),
    coalesce(l.hour, e.hour), %(load_id)s, program_key,
    coalesce(l.company_id, e.company_id), coalesce(l.shop_key, e.shop_key),
    coalesce(l.customer_key, e.customer_key), coalesce(l.date, e.date),
    date_trunc('month', coalesce(l.transaction_date, e.transaction_date))::date,
    coalesce(l.line_count, 0), coalesce(l.is_refund, e.is_refund),
    coalesce(e.is_eligible, false), coalesce(e.is_applied, false),
    coalesce(e.is_rejected, false), coalesce(l.channel, e.channel),
    coalesce(l.qty, 0), coalesce(l.amount, 0), coalesce(l.discount, 0),
    coalesce(l.points_earned, 0), coalesce(l.points_redeemed, 0)
FROM lines l
FULL JOIN evaluations e USING (order_key, program_key)
