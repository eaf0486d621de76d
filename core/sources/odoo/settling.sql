UNION SELECT l.sale_order_origin_id
    FROM changed
    JOIN pos_order_line l ON l.order_id = changed.res_id
    WHERE changed.table_name = 'pos_order' AND l.sale_order_origin_id IS NOT NULL
