-- Odoo keeps no history of a contact's level: this is it. The first level in Odoo's
-- sequence is the highest.
CREATE OR REPLACE FUNCTION loyalty_reporting_grade_event(
    contact integer, home integer, old_grade integer, new_grade integer)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO loyalty_reporting_grade_change
        (partner_id, event_type, old_grade_id, new_grade_id, company_id)
    SELECT contact, CASE
            WHEN old_grade IS NULL THEN 'join'
            WHEN new_grade IS NULL THEN 'cancel'
            WHEN o.sequence < n.sequence THEN 'downgrade'
            ELSE 'upgrade' END,
        old_grade, new_grade, coalesce(home, n.company_id, o.company_id)
    FROM (SELECT) one
    LEFT JOIN res_partner_grade o ON o.id = old_grade
    LEFT JOIN res_partner_grade n ON n.id = new_grade
$$;

CREATE OR REPLACE FUNCTION loyalty_reporting_note_grade() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM loyalty_reporting_grade_event(
        coalesce(NEW.id, OLD.id), coalesce(NEW.company_id, OLD.company_id),
        OLD.grade_id, NEW.grade_id);
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS loyalty_reporting_insert ON res_partner;
CREATE TRIGGER loyalty_reporting_insert AFTER INSERT ON res_partner
    FOR EACH ROW WHEN (NEW.grade_id IS NOT NULL)
    EXECUTE FUNCTION loyalty_reporting_note_grade();
DROP TRIGGER IF EXISTS loyalty_reporting_update ON res_partner;
CREATE TRIGGER loyalty_reporting_update AFTER UPDATE OF grade_id ON res_partner
    FOR EACH ROW WHEN (NEW.grade_id IS DISTINCT FROM OLD.grade_id)
    EXECUTE FUNCTION loyalty_reporting_note_grade();
DROP TRIGGER IF EXISTS loyalty_reporting_delete ON res_partner;
CREATE TRIGGER loyalty_reporting_delete AFTER DELETE ON res_partner
    FOR EACH ROW WHEN (OLD.grade_id IS NOT NULL)
    EXECUTE FUNCTION loyalty_reporting_note_grade();

-- What changed while nobody watched; at first sight, who has a level joins.
SELECT loyalty_reporting_grade_event(
    coalesce(p.id, known.partner_id), p.company_id, known.new_grade_id, p.grade_id)
FROM (SELECT DISTINCT ON (partner_id) partner_id, new_grade_id
      FROM loyalty_reporting_grade_change ORDER BY partner_id, id DESC) known
FULL JOIN res_partner p ON p.id = known.partner_id
WHERE p.grade_id IS DISTINCT FROM known.new_grade_id;
