-- The touched days of customers, anew; membership_analytics by their difference.
-- Of temporary tables the planner knows nothing by itself, and would read the whole
-- history for a few days.
ANALYZE stage_customer_day;
WITH old AS (
    DELETE FROM customer_day_data r
    USING (SELECT DISTINCT * FROM stage_customer_day) t
    WHERE r.customer_key = t.customer_key AND r.date = t.date
      AND r.company_id = t.company_id
    RETURNING r.*
)
INSERT INTO stage_old_day SELECT * FROM old;

INSERT INTO stage_new_day ({columns_of_days})
{days_of_customers};
INSERT INTO customer_day_data SELECT * FROM stage_new_day;

{tombstones}
INSERT INTO membership_analytics_data AS m ({membership_columns})
SELECT {membership_sums}
FROM (
    SELECT *, 1 AS sign FROM stage_new_day
    UNION ALL SELECT *, -1 FROM stage_old_day
) d
WHERE membership_product_key > 0
GROUP BY company_id, membership_product_key, date
ON CONFLICT (company_id, membership_product_key, date) DO UPDATE
SET load_id = excluded.load_id,
    customer_rows = m.customer_rows + excluded.customer_rows,
    new_members = m.new_members + excluded.new_members,
    active_members = m.active_members + excluded.active_members,
    upgraded_members = m.upgraded_members + excluded.upgraded_members,
    downgraded_members = m.downgraded_members + excluded.downgraded_members,
    member_change = m.member_change + excluded.member_change,
    total_transactions = m.total_transactions + excluded.total_transactions,
    refund_transactions = m.refund_transactions + excluded.refund_transactions,
    total_spending = m.total_spending + excluded.total_spending,
    gross_spending = m.gross_spending + excluded.gross_spending,
    total_points_earned = m.total_points_earned + excluded.total_points_earned,
    total_points_redeemed = m.total_points_redeemed + excluded.total_points_redeemed,
    total_points_expired = m.total_points_expired + excluded.total_points_expired,
    total_points_adjusted = m.total_points_adjusted + excluded.total_points_adjusted;

WITH empty AS (
    DELETE FROM membership_analytics_data
    WHERE load_id = %(load_id)s AND customer_rows = 0 RETURNING *
)
INSERT INTO membership_analytics_tombstone
SELECT company_id, membership_product_key, date, %(load_id)s FROM empty;
