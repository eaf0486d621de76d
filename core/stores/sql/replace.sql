-- Replace what the map says of each changed document by what was staged. The old
-- rows are found at their old instant, which the map remembers.

WITH old AS (
    DELETE FROM promotion_order_data o
    USING stage_document d
    WHERE o.order_key = d.order_key AND o.transaction_date = d.old_date
    RETURNING o.*
), undated AS (
    DELETE FROM promotion_order_data o
    USING stage_document d
    WHERE o.order_key = d.order_key
      AND d.old_date IS NULL AND d.old_load_id IS NOT NULL
    RETURNING o.*
), gone AS (
    SELECT * FROM old UNION ALL SELECT * FROM undated
), keys AS (
    INSERT INTO stage_old_key SELECT order_key, program_key, first_month FROM gone
)
INSERT INTO stage_bucket
SELECT company_id, program_key, shop_key, channel, date, hour FROM gone;

DELETE FROM promotion_report_detail_data o
USING stage_document d
WHERE o.order_key = d.order_key AND o.transaction_date = d.old_date;

DELETE FROM promotion_evaluation_data o
USING stage_document d
WHERE o.order_key = d.order_key AND o.transaction_date = d.old_date;

DELETE FROM promotion_evaluation_data o
USING stage_document d
WHERE o.order_key = d.order_key
  AND d.old_date IS NULL AND d.old_load_id IS NOT NULL;

INSERT INTO promotion_report_detail_data
SELECT r.* FROM stage_detail r JOIN stage_document d USING (order_key);

INSERT INTO promotion_evaluation_data
SELECT r.* FROM stage_evaluation_row r JOIN stage_document d USING (order_key);

WITH fresh AS (
    INSERT INTO promotion_order_data (order_key, transaction_date, hour, load_id,
        program_key, company_id, shop_key, customer_key, date, first_month,
        line_count, is_refund, is_eligible, is_applied, is_rejected, channel, qty,
        amount, discount, points_earned, points_redeemed)
    SELECT r.order_key, r.transaction_date, r.hour, %(load_id)s, r.program_key,
        r.company_id, r.shop_key, r.customer_key, r.date,
        coalesce(d.first_month, r.first_month), r.line_count, r.is_refund,
        r.is_eligible, r.is_applied, r.is_rejected, r.channel, r.qty, r.amount,
        r.discount, r.points_earned, r.points_redeemed
    FROM stage_order_row r
    JOIN stage_document d USING (order_key)
    RETURNING company_id, program_key, shop_key, channel, date, hour
)
INSERT INTO stage_bucket SELECT * FROM fresh;

-- The order itself, and the days of its customers.
WITH old AS (
    DELETE FROM customer_order_data o
    USING stage_document d
    WHERE o.order_key = d.order_key AND o.transaction_date = d.old_date
    RETURNING o.*
)
INSERT INTO stage_customer_day
SELECT company_id, customer_key, date FROM old WHERE customer_key IS NOT NULL;

WITH old AS (
    DELETE FROM membership_event_data o
    USING stage_document d
    WHERE o.order_key = d.order_key AND o.transaction_date = d.old_date
    RETURNING o.*
)
INSERT INTO stage_member SELECT company_id, customer_key, transaction_date FROM old;

-- Rows of the ledger may lie in other months than their order.
WITH old AS (
    DELETE FROM point_analytics_data o
    USING stage_document d
    WHERE o.order_key = d.order_key AND d.old_load_id IS NOT NULL
    RETURNING o.*
), days AS (
    INSERT INTO stage_customer_day
    SELECT company_id, customer_key, date FROM old WHERE customer_key IS NOT NULL
)
INSERT INTO stage_booked SELECT card_key, transaction_id, hour FROM old;

INSERT INTO promotion_order_tombstone (order_key, program_key, first_month, load_id)
SELECT o.order_key, o.program_key, o.first_month, %(load_id)s
FROM stage_old_key o
WHERE NOT EXISTS (
    SELECT FROM stage_order_row r
    WHERE r.order_key = o.order_key AND r.program_key = o.program_key);
