-- Takes everything of ours off Odoo's tables; what was noted stays.
DO $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
        WHERE tgname ~ '^loyalty_reporting_(insert|update|delete|truncate|moved)$'
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
    END LOOP;
    FOR found IN
        SELECT oid::regprocedure AS signature FROM pg_proc
        WHERE proname ~ '^loyalty_reporting_(note_|grade_event)'
          AND pronamespace = current_schema::regnamespace
    LOOP
        EXECUTE format('DROP FUNCTION %s', found.signature);
    END LOOP;
END $$;
DROP INDEX IF EXISTS loyalty_reporting_history_order_idx;
