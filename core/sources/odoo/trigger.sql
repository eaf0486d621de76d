-- Notes the documents of the rows that a statement touched.
CREATE OR REPLACE FUNCTION loyalty_reporting_note_{function}() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_reporting_change (table_name, res_id)
    {touched}
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
