-- The instant asked for (of a business day its end; else now), its business day, and up
-- to when the sources are read. While months are archived, also the first business day at
-- which all is known of how customers stood, the first since when every row is here, and
-- the first since when every day of customers is.
SELECT i.as_of, (i.as_of AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
    (SELECT min(saved_at) FROM loyalty_reporting_cursor
     -- Streams run ahead of these, backfills are beside them.
     WHERE position ->> 'phase' IN ('first', 'window', 'sweep')),
    (h.instant AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s - interval '1 microsecond')::date
        + 1,
    (a.here AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s - interval '1 microsecond')::date + 1,
    (SELECT max(month) + interval '1 month' FROM archived_aggregate)::date
FROM (SELECT coalesce(%(instant)s::timestamp,
    loyalty_reporting_end_of(%(day)s::date, %(zone)s),
    now() AT TIME ZONE 'UTC') AS as_of) i
LEFT JOIN (SELECT max(month) + interval '1 month' AS here FROM archived_month) a ON true
LEFT JOIN card_horizon h ON a.here IS NOT NULL
