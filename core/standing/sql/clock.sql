-- The instant asked for (of a business day its end; else now), its business day, and up
-- to when the sources are read.
SELECT i.as_of, (i.as_of AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
    (SELECT min(saved_at) FROM loyalty_reporting_cursor
     -- Streams run ahead of these, backfills are beside them.
     WHERE position ->> 'phase' IN ('first', 'window', 'sweep'))
FROM (SELECT coalesce(%(instant)s::timestamp,
    loyalty_reporting_end_of(%(day)s::date, %(zone)s),
    now() AT TIME ZONE 'UTC') AS as_of) i
