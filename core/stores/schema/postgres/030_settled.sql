-- The last push that came to its end: on a cluster, which nodes hold all that it sent. A push
-- that is cut short has raised epoch already. 0 is not known: nodes are then looked at.
ALTER TABLE loyalty_reporting_clickhouse
    ADD COLUMN settled_epoch bigint NOT NULL DEFAULT 0;
UPDATE loyalty_reporting_clickhouse SET settled_epoch = epoch WHERE NOT pushing;
