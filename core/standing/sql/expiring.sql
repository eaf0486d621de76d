-- Out of lots.sql: the points of each card by the month of the business day on which
-- they expire unspent, and of these what does so by the ends of two days; what is due
-- and not yet booked as expired is among them. One row a card is of all its open lots.
SELECT l.card_key, date_trunc('month', l.day)::date, grouping(date_trunc('month', l.day)),
    sum(l.remaining)::text,
    coalesce(sum(l.remaining) FILTER (WHERE l.day <= %(soon)s), 0)::text,
    coalesce(sum(l.remaining) FILTER (WHERE l.day <= %(later)s), 0)::text
FROM (
    SELECT o.card_key, o.remaining, CASE
        -- What expires after all calendars never does.
        WHEN o.expires_at < '9000-01-01'
        THEN (o.expires_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date END AS day
    FROM open_lot o
) l
GROUP BY GROUPING SETS ((l.card_key, date_trunc('month', l.day)), (l.card_key))
ORDER BY 1, 2
