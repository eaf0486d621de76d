DROP TRIGGER IF EXISTS loyalty_reporting_{event} ON {table};
CREATE TRIGGER loyalty_reporting_{event} AFTER {event} ON {table}
    REFERENCING {side} TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_reporting_note_{function}();
