-- Of each job and source: when it last succeeded, and the lag of its last run.
SELECT job, source_name,
    max(finished_at) FILTER (WHERE state IN ('done', 'partial')),
    (array_agg(lag_seconds ORDER BY id DESC))[1]
FROM loyalty_reporting_run
GROUP BY job, source_name
ORDER BY job, source_name
