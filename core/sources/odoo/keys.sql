-- The keys of all documents, as (kind, key), and when they happened.
SELECT 'order' AS kind, 'pos.order,' || id AS key, date_order AS at
FROM pos_order
WHERE state IN ('paid', 'done', 'invoiced', 'cancel')
UNION ALL
SELECT 'order', 'sale.order,' || id, date_order
FROM sale_order
WHERE state IN ('sale', 'cancel')
UNION ALL
SELECT 'points', (id * 2 + side)::text, create_date
FROM loyalty_history, generate_series(0, 1) side
UNION ALL
SELECT 'membership', id::text, changed_at AT TIME ZONE 'UTC'
FROM loyalty_reporting_grade_change
