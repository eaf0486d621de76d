SELECT program_id, program_name, DATE(transaction_date) as report_date, COUNT(DISTINCT order_id) as total_orders,
  COUNT(DISTINCT partner_id) as unique_customers, SUM(amount) as total_amount, SUM(discount) as total_discount,
  AVG(amount) as avg_transaction_value, SUM(points_earned) as total_points_earned
FROM promotion_report_detail
WHERE transaction_date >= :date_from AND transaction_date <= :date_to
  AND (:program_id IS NULL OR program_id = :program_id)
GROUP BY program_id, program_name, DATE(transaction_date) ORDER BY report_date DESC, total_amount DESC;

SELECT ml.membership_level, DATE(po.transaction_date) as report_date,
  COUNT(DISTINCT CASE WHEN po.is_first_order THEN po.partner_id END) as new_members,
  COUNT(DISTINCT po.partner_id) as active_members, SUM(po.amount) as total_spending, AVG(po.amount) as avg_spending,
  SUM(po.points_earned) as total_points_earned, SUM(po.points_redeemed) as total_points_redeemed
FROM point_analytics po JOIN membership_levels ml ON po.membership_product_id = ml.membership_product_id
WHERE po.transaction_date >= :date_from AND po.transaction_date <= :date_to
GROUP BY ml.membership_level, DATE(po.transaction_date) ORDER BY report_date DESC, total_spending DESC;

SELECT DATE(transaction_date) as report_date, transaction_type, SUM(points_amount) as total_points,
  COUNT(*) as transaction_count, AVG(points_amount) as avg_points
FROM point_analytics
WHERE transaction_date >= :date_from AND transaction_date <= :date_to AND (:partner_id IS NULL OR partner_id = :partner_id)
GROUP BY DATE(transaction_date), transaction_type ORDER BY report_date DESC, transaction_type;
