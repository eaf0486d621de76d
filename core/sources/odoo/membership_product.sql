-- The levels of Odoo's partnerships. The first in their sequence is the highest.
SELECT g.id, coalesce(g.name ->> 'en_US', (
        SELECT min(translation.value) FROM jsonb_each_text(g.name) translation)) AS name,
    coalesce(g.name ->> 'en_US', (
        SELECT min(translation.value) FROM jsonb_each_text(g.name) translation)) AS level,
    -g.sequence AS rank, 0 AS version, NULL::xid8 AS txid
FROM res_partner_grade g
