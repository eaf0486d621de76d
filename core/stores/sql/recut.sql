-- Business days and clock hours of a company in its new zone, from the stored
-- instants.
UPDATE {table}
SET date = (transaction_date AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date,
    hour = loyalty_reporting_hour(transaction_date, %(timezone)s){load}
WHERE company_id = %(company_id)s;
