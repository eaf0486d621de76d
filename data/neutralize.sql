-- A copy for tests reads no engine and writes to no ClickHouse.
UPDATE loyalty_reporting_source SET active = false;

INSERT INTO ir_config_parameter (key, value)
VALUES ('loyalty_reporting.neutralized', '1')
    ON CONFLICT (key) DO UPDATE SET value = '1';
