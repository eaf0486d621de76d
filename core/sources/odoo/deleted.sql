-- What changed, as the triggers noted it.
SELECT c.table_name, c.res_id::text AS key, c.txid FROM loyalty_reporting_change c
