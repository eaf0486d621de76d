-- The sum stays what it is, so no answer becomes another one. A transaction that is still
-- open may have the row of today.
WITH gone AS (
    DELETE FROM loyalty_reporting_renaming WHERE at < now() - interval '1 day'
    RETURNING amount
)
INSERT INTO loyalty_reporting_renaming (txid, at, amount)
SELECT pg_current_xact_id(), now() - interval '1 day', sum(amount) FROM gone
HAVING count(*) > 0
