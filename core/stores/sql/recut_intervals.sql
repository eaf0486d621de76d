UPDATE membership_interval
SET date_from = (valid_from AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date,
    date_to = CASE WHEN valid_to = 'infinity' THEN 'infinity'
        ELSE (valid_to AT TIME ZONE 'UTC' AT TIME ZONE %(timezone)s)::date END
WHERE company_id = %(company_id)s;
