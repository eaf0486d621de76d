-- Archived months whose files may hold rows of some persons, rather one too many than one
-- missed; also those of which a writer that died left files without a manifest. What tells
-- it is read once, however many months there are.
WITH seen AS (
    SELECT date FROM customer_day_data WHERE customer_key = ANY(%(customers)s)
    UNION
    SELECT date FROM point_analytics_rollup_data WHERE customer_key = ANY(%(customers)s)
    UNION
    SELECT date FROM point_analytics_rollup_data WHERE card_key = ANY(%(cards)s)
    UNION
    -- Baskets that became no order. No index finds them: all of the order grain is read.
    SELECT date FROM promotion_order_data
    WHERE %(baskets)s AND customer_key = ANY(%(customers)s)
), kept AS (
    SELECT month FROM customer_month WHERE customer_key = ANY(%(customers)s)
    UNION
    SELECT month FROM card_month WHERE card_key = ANY(%(cards)s)
), there AS MATERIALIZED (
    -- A business day lies in the UTC month of its date, or beside it.
    SELECT date_trunc('month', (date + days)::timestamp)::date AS month
    FROM seen, unnest(ARRAY[-1, 1]) days
    UNION
    SELECT (month + months * interval '1 month')::date
    FROM kept, unnest(ARRAY[-1, 0, 1]) months
)
SELECT month FROM loyalty_reporting_archive
WHERE tier = 'detail' AND (state = 'expired') = %(expired)s
  AND month IN (SELECT month FROM there)
ORDER BY month
