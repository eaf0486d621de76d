-- Points of some cards by the month of the business day on which they expire unspent;
-- of these, those that do so by the ends of some days. What is due and not yet booked
-- as expired is among them.
SELECT l.card_key, date_trunc('month', l.day)::date, sum(l.remaining)::text,
    coalesce(sum(l.remaining) FILTER (WHERE l.day <= %(soon)s), 0)::text,
    coalesce(sum(l.remaining) FILTER (WHERE l.day <= %(later)s), 0)::text
FROM (
    SELECT o.card_key, o.remaining,
        (o.expires_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
    FROM ({lots}) o
    -- What expires after all calendars never does.
    WHERE o.expires_at < '9000-01-01'
) l
GROUP BY 1, 2
ORDER BY 1, 2
