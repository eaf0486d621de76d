-- Programs, memberships and cards as delivered, and a placeholder for each of them,
-- every shop and every customer that facts name before we know it. Committed on its own, so that two loaders
-- never wait for each other's rows; sorted, so that they cannot deadlock.

-- The source's database says how they are (`is_current`); an event how they were.

INSERT INTO loyalty_reporting_program AS p (source, external_id, name, program_type,
    active, valid_from, valid_to, version, is_known)
SELECT DISTINCT ON (s.id) %(source)s, s.id, coalesce(nullif(s.name, ''), 'Program ' || s.id),
    s.program_type, coalesce(s.active, true),
    CASE WHEN isfinite(s.valid_from) THEN s.valid_from END,
    CASE WHEN isfinite(s.valid_to) THEN s.valid_to END, coalesce(s.version, 0), true
FROM stage_program s
-- A row that conflicts uses up a number all the same: offer those only that differ.
LEFT JOIN loyalty_reporting_program k
    ON k.source = %(source)s AND k.external_id = s.id AND k.is_known
WHERE s.id IS NOT NULL AND (k.id IS NULL
    OR (%(is_current)s OR s.version > k.version)
    AND (k.name, k.program_type, k.active, k.valid_from, k.valid_to, k.version)
        IS DISTINCT FROM (
            coalesce(nullif(s.name, ''), 'Program ' || s.id), s.program_type,
            coalesce(s.active, true),
            CASE WHEN isfinite(s.valid_from) THEN s.valid_from END,
            CASE WHEN isfinite(s.valid_to) THEN s.valid_to END,
            coalesce(s.version, 0)))
ORDER BY s.id, s.version DESC
ON CONFLICT (source, external_id) DO UPDATE
SET name = excluded.name, program_type = excluded.program_type,
    active = excluded.active, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, version = excluded.version, is_known = true
WHERE NOT p.is_known OR %(is_current)s OR excluded.version > p.version;

INSERT INTO loyalty_reporting_membership_product AS p
    (source, external_id, name, level, rank, version, is_known)
SELECT DISTINCT ON (s.id) %(source)s, s.id,
    coalesce(nullif(s.name, ''), nullif(s.level, ''), 'Membership ' || s.id),
    coalesce(nullif(s.level, ''), nullif(s.name, ''), 'Membership ' || s.id),
    s.rank, coalesce(s.version, 0), true
FROM stage_membership_product s
LEFT JOIN loyalty_reporting_membership_product k
    ON k.source = %(source)s AND k.external_id = s.id AND k.is_known
WHERE s.id IS NOT NULL AND (k.id IS NULL
    OR (%(is_current)s OR s.version > k.version)
    AND (k.name, k.level, k.rank, k.version) IS DISTINCT FROM (
        coalesce(nullif(s.name, ''), nullif(s.level, ''), 'Membership ' || s.id),
        coalesce(nullif(s.level, ''), nullif(s.name, ''), 'Membership ' || s.id),
        s.rank, coalesce(s.version, 0)))
ORDER BY s.id, s.version DESC
ON CONFLICT (source, external_id) DO UPDATE
SET name = excluded.name, level = excluded.level, rank = excluded.rank,
    version = excluded.version, is_known = true
WHERE NOT p.is_known OR %(is_current)s OR excluded.version > p.version;

INSERT INTO loyalty_reporting_card AS c (source, external_id, program_id, partner_id,
    membership_product_id, active, version, is_known)
SELECT DISTINCT ON (s.id) %(source)s, s.id, s.program_id, s.partner_id,
    s.membership_product_id, coalesce(s.active, true), coalesce(s.version, 0), true
FROM stage_card s
LEFT JOIN loyalty_reporting_card k
    ON k.source = %(source)s AND k.external_id = s.id AND k.is_known
WHERE s.id IS NOT NULL AND (k.id IS NULL
    OR (%(is_current)s OR s.version > k.version)
    AND (k.program_id, k.partner_id, k.membership_product_id, k.active, k.version)
        IS DISTINCT FROM (s.program_id, s.partner_id, s.membership_product_id,
                          coalesce(s.active, true), coalesce(s.version, 0)))
ORDER BY s.id, s.version DESC
ON CONFLICT (source, external_id) DO UPDATE
SET program_id = excluded.program_id, partner_id = excluded.partner_id,
    membership_product_id = excluded.membership_product_id, active = excluded.active,
    version = excluded.version, is_known = true
WHERE NOT c.is_known OR %(is_current)s OR excluded.version > c.version;

-- What a card's first rows name is not the card's: it would depend on their order.
INSERT INTO loyalty_reporting_card (source, external_id)
SELECT DISTINCT %(source)s, used.card_id
FROM stage_point used
WHERE used.card_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_card c
    WHERE c.source = %(source)s AND c.external_id = used.card_id)
ORDER BY used.card_id
ON CONFLICT DO NOTHING;

INSERT INTO loyalty_reporting_membership_product (source, external_id, name, level)
SELECT %(source)s, used.id, 'Membership ' || used.id, 'Membership ' || used.id
FROM (SELECT from_membership_product_id AS id FROM stage_membership_event
      UNION SELECT to_membership_product_id FROM stage_membership_event) used
WHERE used.id IS NOT NULL AND NOT EXISTS (
    SELECT FROM loyalty_reporting_membership_product p
    WHERE p.source = %(source)s AND p.external_id = used.id)
ORDER BY used.id
ON CONFLICT DO NOTHING;

INSERT INTO loyalty_reporting_program (source, external_id, name)
SELECT %(source)s, used.id, 'Program ' || used.id
FROM (SELECT program_id AS id FROM stage_line
      UNION SELECT program_id FROM stage_evaluation
      UNION SELECT program_id FROM stage_point
      UNION SELECT program_id FROM stage_card) used
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
      UNION SELECT partner_id FROM stage_evaluation
      UNION SELECT partner_id FROM stage_point
      UNION SELECT partner_id FROM stage_membership_event) used
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

INSERT INTO stage_reject (table_name, reason, raw, kind)
SELECT 'program', 'id is empty', to_jsonb(s)::text, 'program'
FROM stage_program s WHERE s.id IS NULL
UNION ALL
SELECT 'membership_product', 'id is empty', to_jsonb(s)::text, 'membership_product'
FROM stage_membership_product s WHERE s.id IS NULL
UNION ALL
SELECT 'point_card', 'id is empty', to_jsonb(s)::text, 'point_card'
FROM stage_card s WHERE s.id IS NULL;
