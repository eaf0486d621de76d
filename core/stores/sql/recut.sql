-- Business days and clock hours of a company in its new zone, from the stored
-- instants.
UPDATE promotion_report_detail_data
SET date = (transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date,
    hour = transaction_date - ((transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)
        - date_trunc('hour', transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s))
WHERE company_id = %(company_id)s;

UPDATE promotion_evaluation_data
SET date = (transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date,
    hour = transaction_date - ((transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)
        - date_trunc('hour', transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s))
WHERE company_id = %(company_id)s;

UPDATE promotion_order_data
SET date = (transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date,
    hour = transaction_date - ((transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)
        - date_trunc('hour', transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)), load_id = %(load_id)s
WHERE company_id = %(company_id)s;
