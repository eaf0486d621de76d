-- Each order changes a card's points, which are read from its history: only what the
-- history's rows show of the card itself makes them be read again.
CREATE OR REPLACE FUNCTION loyalty_reporting_note_card() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loyalty_reporting_change (table_name, res_id)
    VALUES ('loyalty_card', NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS loyalty_reporting_update ON loyalty_card;
CREATE TRIGGER loyalty_reporting_update
    AFTER UPDATE OF program_id, partner_id, expiration_date, active ON loyalty_card
    FOR EACH ROW WHEN (
        (NEW.program_id, NEW.partner_id, NEW.expiration_date, NEW.active)
        IS DISTINCT FROM
        (OLD.program_id, OLD.partner_id, OLD.expiration_date, OLD.active))
    EXECUTE FUNCTION loyalty_reporting_note_card();
