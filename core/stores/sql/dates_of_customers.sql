-- The days on which customers may have rows: of sales, bookings and memberships.
SELECT date FROM customer_order_data
UNION SELECT date FROM point_analytics_data
UNION SELECT date FROM membership_event_data
UNION SELECT date_from FROM membership_interval
UNION SELECT date_to FROM membership_interval WHERE date_to <> 'infinity'
