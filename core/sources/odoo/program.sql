SELECT p.id, coalesce(p.name ->> 'en_US', (
        SELECT min(translation.value) FROM jsonb_each_text(p.name) translation)) AS name,
    p.program_type, p.active, p.date_from AS valid_from, p.date_to AS valid_to,
    0 AS version, NULL::xid8 AS txid
FROM loyalty_program p
