-- What answers depend on besides facts: names, types and levels of dimensions, and whose
-- a source is. A transaction that changes any of them adds a row, so the number of rows
-- that a reader sees tells whether anything changed. A row that all of them update would
-- make loaders wait for each other, crosswise.
CREATE TABLE loyalty_reporting_renaming (
    txid xid8,
    -- A database that is restored into another cluster counts transactions anew.
    at timestamptz DEFAULT now(),
    PRIMARY KEY (txid, at)
);

CREATE FUNCTION loyalty_reporting_count_renaming() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_reporting_renaming (txid) VALUES (pg_current_xact_id())
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER count_renaming
    AFTER INSERT OR UPDATE OR DELETE ON loyalty_reporting_program
    FOR EACH ROW EXECUTE FUNCTION loyalty_reporting_count_renaming();
CREATE TRIGGER count_renaming
    AFTER INSERT OR UPDATE OR DELETE ON loyalty_reporting_shop
    FOR EACH ROW EXECUTE FUNCTION loyalty_reporting_count_renaming();
CREATE TRIGGER count_renaming
    AFTER INSERT OR UPDATE OR DELETE ON loyalty_reporting_membership_product
    FOR EACH ROW EXECUTE FUNCTION loyalty_reporting_count_renaming();
CREATE TRIGGER count_renaming
    AFTER INSERT OR UPDATE OR DELETE ON loyalty_reporting_source_company
    FOR EACH ROW EXECUTE FUNCTION loyalty_reporting_count_renaming();
