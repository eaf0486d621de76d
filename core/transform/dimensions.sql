-- Programs as delivered, and a placeholder for every program, shop and customer
-- that facts name before we know it. Committed on its own, so that two loaders
-- never wait for each other's rows; sorted, so that they cannot deadlock.

INSERT INTO loyalty_reporting_program AS p (source, external_id, name, program_type,
    active, valid_from, valid_to, is_known)
SELECT DISTINCT ON (id) %(source)s, id, coalesce(nullif(name, ''), 'Program ' || id),
    program_type, coalesce(active, true),
    CASE WHEN isfinite(valid_from) THEN valid_from END,
    CASE WHEN isfinite(valid_to) THEN valid_to END, true
FROM stage_program s
-- A row that conflicts uses up a number all the same: offer those only that differ.
WHERE id IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_program p
    WHERE p.source = %(source)s AND p.external_id = s.id AND p.is_known
      AND (p.name, p.program_type, p.active, p.valid_from, p.valid_to)
        IS NOT DISTINCT FROM (
            coalesce(nullif(s.name, ''), 'Program ' || s.id), s.program_type,
            coalesce(s.active, true),
            CASE WHEN isfinite(s.valid_from) THEN s.valid_from END,
            CASE WHEN isfinite(s.valid_to) THEN s.valid_to END))
ORDER BY id
ON CONFLICT (source, external_id) DO UPDATE
SET name = excluded.name, program_type = excluded.program_type,
    active = excluded.active, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, is_known = true
WHERE (p.name, p.program_type, p.active, p.valid_from, p.valid_to, p.is_known)
    IS DISTINCT FROM (excluded.name, excluded.program_type, excluded.active,
                      excluded.valid_from, excluded.valid_to, true);

INSERT INTO loyalty_reporting_program (source, external_id, name)
SELECT %(source)s, used.id, 'Program ' || used.id
FROM (SELECT program_id AS id FROM stage_line
      UNION SELECT program_id FROM stage_evaluation) used
WHERE used.id IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_program p
    WHERE p.source = %(source)s AND p.external_id = used.id)
ORDER BY used.id
ON CONFLICT DO NOTHING;

INSERT INTO loyalty_reporting_shop (source, external_id, name)
SELECT %(source)s, used.id, 'Shop ' || used.id
FROM (SELECT DISTINCT store_id AS id FROM stage_order) used
WHERE used.id IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_shop s
    WHERE s.source = %(source)s AND s.external_id = used.id)
ORDER BY used.id
ON CONFLICT DO NOTHING;

INSERT INTO loyalty_reporting_customer (source, external_id)
SELECT %(source)s, used.id
FROM (SELECT partner_id AS id FROM stage_order
      UNION SELECT partner_id FROM stage_evaluation) used
WHERE used.id IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_customer c
    WHERE c.source = %(source)s AND c.external_id = used.id)
ORDER BY used.id
ON CONFLICT DO NOTHING;

INSERT INTO loyalty_reporting_channel (name)
SELECT used.name
FROM (SELECT DISTINCT channel AS name FROM stage_order) used
WHERE used.name IS NOT NULL AND octet_length(used.name) <= 1000 AND NOT EXISTS (
    SELECT FROM loyalty_reporting_channel c WHERE c.name = used.name)
ORDER BY used.name
ON CONFLICT DO NOTHING;

INSERT INTO stage_reject
SELECT 'program', NULL, NULL, 'id is empty', to_jsonb(p)::text
FROM stage_program p
WHERE p.id IS NULL;
