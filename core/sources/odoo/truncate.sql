DROP TRIGGER IF EXISTS loyalty_reporting_truncate ON {table};
CREATE TRIGGER loyalty_reporting_truncate AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_reporting_note_truncate();
