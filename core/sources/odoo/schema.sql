-- What the triggers write. Not made by the ORM: it knows no transaction ids.

-- Which records changed, in which transaction; read with the same rule as an engine.
CREATE TABLE IF NOT EXISTS loyalty_reporting_change (
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    table_name text NOT NULL,
    -- Of a truncated table: 0.
    res_id bigint NOT NULL,
    PRIMARY KEY (txid, table_name, res_id)
);

-- The history of levels that Odoo itself does not keep; never pruned.
CREATE TABLE IF NOT EXISTS loyalty_reporting_grade_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id integer NOT NULL,
    event_type text NOT NULL,
    old_grade_id integer,
    new_grade_id integer,
    company_id integer,
    changed_at timestamptz NOT NULL DEFAULT now(),
    txid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX IF NOT EXISTS loyalty_reporting_grade_change_partner_idx
    ON loyalty_reporting_grade_change (partner_id, id);
CREATE INDEX IF NOT EXISTS loyalty_reporting_grade_change_txid_idx
    ON loyalty_reporting_grade_change (txid);

-- Nothing tells which rows a TRUNCATE took: all is compared.
CREATE OR REPLACE FUNCTION loyalty_reporting_note_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_reporting_change (table_name, res_id) VALUES (TG_TABLE_NAME, 0)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
