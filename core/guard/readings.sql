-- Of each source, by its code: how its readings went and how far it is read.
SELECT s.code, last.state, last.message, last.started_at, last.lag_seconds,
    success.read_at, c.position ->> 'phase' AS phase
FROM unnest(%(codes)s) s(code)
LEFT JOIN LATERAL (
    SELECT state, message, started_at, lag_seconds FROM loyalty_reporting_run
    WHERE source_name = s.code AND job = ANY (%(jobs)s)
    ORDER BY id DESC LIMIT 1
) last ON true
LEFT JOIN LATERAL (
    -- A run that goes on for long, as of a stream, writes the time every minute.
    SELECT max(finished_at) AS read_at FROM loyalty_reporting_run
    WHERE source_name = s.code AND job = ANY (%(jobs)s)
      AND state IN ('running', 'done', 'partial')
) success ON true
LEFT JOIN loyalty_reporting_cursor c ON c.source_name = s.code
