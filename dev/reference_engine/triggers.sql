-- Version, txid and the record of deletions. ENABLE ALWAYS: also under
-- session_replication_role = replica, so that no writer can go round the cursor.

CREATE FUNCTION engine.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.txid := pg_current_xact_id();
    IF TG_OP = 'UPDATE' THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION engine.stamp() IS
    'BEFORE INSERT OR UPDATE: the writing transaction; an UPDATE raises the version.';

CREATE FUNCTION engine.note_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO engine.deleted (table_name, key, order_id)
    VALUES (TG_TABLE_NAME, OLD.id::text, to_jsonb(OLD) ->> TG_ARGV[0]);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION engine.note_deleted() IS
    'Row trigger. Its argument names the column with the key of the order whose '
    'document the row is part of; without argument the row is a document of its own.';

CREATE FUNCTION engine.note_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO engine.deleted (table_name) VALUES (TG_TABLE_NAME);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION engine.note_truncated() IS
    'Statement trigger: one row with key null says that the whole table is gone.';

DO $$
DECLARE
    target record;
    changed text;
    trigger_name text;
BEGIN
    FOR target IN SELECT * FROM (VALUES
        ('program', NULL),
        ('membership_product', NULL),
        ('membership_event', NULL),
        ('processed_order', 'id'),
        ('order_promotion_line', 'order_id'),
        ('promotion_evaluation', 'order_id'),
        ('point_card', NULL),
        ('point_transaction', 'order_id')
    ) AS t (name, order_column) LOOP
        changed := 'OLD.id IS DISTINCT FROM NEW.id';
        IF target.order_column = 'order_id' THEN
            changed := changed || ' OR OLD.order_id IS DISTINCT FROM NEW.order_id';
        END IF;
        EXECUTE format(
            'CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON engine.%I
             FOR EACH ROW EXECUTE FUNCTION engine.stamp()', target.name);
        EXECUTE format(
            'CREATE TRIGGER note_deleted AFTER DELETE ON engine.%I
             FOR EACH ROW EXECUTE FUNCTION engine.note_deleted(%s)',
            target.name, quote_literal(target.order_column));
        EXECUTE format(
            'CREATE TRIGGER note_moved AFTER UPDATE ON engine.%I
             FOR EACH ROW WHEN (%s) EXECUTE FUNCTION engine.note_deleted(%s)',
            target.name, changed, quote_literal(target.order_column));
        EXECUTE format(
            'CREATE TRIGGER note_truncated AFTER TRUNCATE ON engine.%I
             FOR EACH STATEMENT EXECUTE FUNCTION engine.note_truncated()', target.name);
        FOREACH trigger_name IN ARRAY
            ARRAY['stamp', 'note_deleted', 'note_moved', 'note_truncated']
        LOOP
            EXECUTE format('ALTER TABLE engine.%I ENABLE ALWAYS TRIGGER %I',
                           target.name, trigger_name);
        END LOOP;
    END LOOP;
END $$;
