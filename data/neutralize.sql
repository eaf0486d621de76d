-- A copy for tests reads no engine and writes to no ClickHouse.
UPDATE loyalty_reporting_source SET active = false;

-- Its archives are those of the database that it is a copy of: it reads them, and writes
-- none.
UPDATE loyalty_reporting_retention SET active = false;

-- Nor does it mail anybody a report.
UPDATE loyalty_reporting_subscription SET state = 'paused', next_at = NULL;

UPDATE loyalty_reporting_sending
SET state = 'failed', message = 'This database is a copy.'
WHERE state IN ('waiting', 'running', 'mailing');

INSERT INTO ir_config_parameter (key, value)
VALUES ('loyalty_reporting.neutralized', '1')
    ON CONFLICT (key) DO UPDATE SET value = '1';
