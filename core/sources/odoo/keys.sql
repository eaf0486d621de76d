-- The keys of all documents, as (kind, key), and when they happened.
SELECT 'order' AS kind, 'pos.order,' || o.id AS key, o.date_order AS at
FROM pos_order o
WHERE o.state IN ('paid', 'done', 'invoiced', 'cancel')
UNION ALL
SELECT 'order', 'sale.order,' || o.id, o.date_order
FROM sale_order o
WHERE o.state IN ('sale', 'cancel') AND {is_open}
UNION ALL
SELECT 'points', own.id::text, own.create_date FROM ({own_rows}) own
UNION ALL
SELECT 'membership', e.id::text, e.changed_at AT TIME ZONE 'UTC'
FROM loyalty_reporting_grade_change e
