-- The rows of the days that differ, on either side, that the other side lacks.
DROP TABLE IF EXISTS reconcile_found;
CREATE TEMP TABLE reconcile_found AS
WITH expected AS (
    SELECT {columns} FROM ({expected}) side WHERE {day} = ANY(%(days)s)
), kept AS (
    SELECT {columns} FROM ({kept}) side WHERE {day} = ANY(%(days)s)
)
SELECT 'missing'::text AS side, *
FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM kept) missing
UNION ALL
SELECT 'surplus', *
FROM (SELECT * FROM kept EXCEPT ALL SELECT * FROM expected) surplus;
