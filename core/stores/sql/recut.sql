-- Business days and hours of a company in its new zone, from the stored instants.
UPDATE promotion_report_detail_data d
SET date = t.local_time::date,
    hour = d.transaction_date - (t.local_time - date_trunc('hour', t.local_time))
FROM promotion_report_detail_data o
JOIN loyalty_reporting_company c ON c.company_id = o.company_id
CROSS JOIN LATERAL (
    SELECT o.transaction_date AT TIME ZONE 'UTC' AT TIME ZONE c.timezone AS local_time) t
WHERE o.company_id = %(company_id)s
  AND d.id = o.id AND d.transaction_date = o.transaction_date;

UPDATE promotion_evaluation_data d
SET date = t.local_time::date,
    hour = o.transaction_date - (t.local_time - date_trunc('hour', t.local_time))
FROM promotion_evaluation_data o
JOIN loyalty_reporting_company c ON c.company_id = o.company_id
CROSS JOIN LATERAL (
    SELECT o.transaction_date AT TIME ZONE 'UTC' AT TIME ZONE c.timezone AS local_time) t
WHERE o.company_id = %(company_id)s AND d.order_key = o.order_key
  AND d.id = o.id AND d.transaction_date = o.transaction_date;

UPDATE promotion_order_data d
SET date = t.local_time::date, load_id = %(load_id)s,
    hour = o.transaction_date - (t.local_time - date_trunc('hour', t.local_time))
FROM promotion_order_data o
JOIN loyalty_reporting_company c ON c.company_id = o.company_id
CROSS JOIN LATERAL (
    SELECT o.transaction_date AT TIME ZONE 'UTC' AT TIME ZONE c.timezone AS local_time) t
WHERE o.company_id = %(company_id)s AND d.order_key = o.order_key
  AND d.program_key = o.program_key AND d.transaction_date = o.transaction_date;
