-- A line that goes to another order: the one that it left changes, too.
CREATE OR REPLACE FUNCTION loyalty_reporting_note_{table}_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_reporting_change (table_name, res_id)
    VALUES ('{document}', OLD.order_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS loyalty_reporting_moved ON {table};
CREATE TRIGGER loyalty_reporting_moved AFTER UPDATE OF order_id ON {table}
    FOR EACH ROW WHEN (NEW.order_id IS DISTINCT FROM OLD.order_id)
    EXECUTE FUNCTION loyalty_reporting_note_{table}_moved();
