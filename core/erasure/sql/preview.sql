SELECT
    (SELECT count(*) FROM loyalty_reporting_customer c
     WHERE c.id = ANY(%(customers)s)) AS customers,
    (SELECT count(*) FROM loyalty_reporting_card k
     WHERE EXISTS (
        SELECT FROM loyalty_reporting_customer c
        WHERE c.id = ANY(%(customers)s) AND c.source = k.source
          AND c.external_id = k.partner_id)) AS cards,
    (SELECT count(*) FROM customer_order_data o
     WHERE o.customer_key = ANY(%(customers)s)) AS orders,
    (SELECT count(*) FROM point_analytics_data p
     WHERE p.customer_key = ANY(%(customers)s)) AS bookings
