-- What earlier reconciliations of the same days found: found again, the newer row
-- stands for it; not found again, it is settled.
DELETE FROM loyalty_reporting_difference d
USING loyalty_reporting_difference n
WHERE n.run_id = %(run_id)s AND d.run_id < n.run_id
  AND n.source_name = %(source_name)s AND d.source_name = n.source_name
  AND d.level = n.level AND d.table_name = n.table_name AND d.kind = n.kind
  AND d.row_key = n.row_key AND d.settled_at IS NULL;

UPDATE loyalty_reporting_difference d
SET state = %(settled)s, settled_at = now() AT TIME ZONE 'UTC'
WHERE d.source_name = %(source_name)s AND d.level = ANY(%(levels)s)
  AND d.run_id < %(run_id)s AND d.settled_at IS NULL
  AND (d.day BETWEEN %(first)s AND %(last)s
       OR d.day IS NULL AND d.date_from >= %(first)s AND d.date_to <= %(last)s
       -- State is always compared as a whole.
       OR d.table_name IN ('membership_interval', 'card_state'));
