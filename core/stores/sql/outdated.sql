-- Of the documents that differ from what we know, some stay as we know them.
-- An event tells how a document was when it was sent: an older one changes nothing,
-- and one that contradicts the version it claims is refused. What the database has
-- deleted, only the database brings back. The database tells how things are; yet it
-- may have been read a moment before the commit of which an event has told us: that
-- comes with its next window. It `stands` where it was restored or is asked again.
WITH outdated AS (
    DELETE FROM stage_document d
    USING fact_document f
    WHERE f.order_key = d.order_key
      AND CASE WHEN %(road)s = 'event' THEN d.version <= f.version
               ELSE NOT %(stands)s AND d.state <> 'gone' AND NOT f.is_deleted
                    AND d.version < f.version END
    RETURNING d.kind, d.document_key, d.version, f.version AS known_version,
        %(road)s = 'event' AND d.version = f.version AND NOT f.is_deleted
            -- Content that was hashed with an erased identifier is taken for equal.
            AND f.content_hash IS NOT NULL AS contradicts
), keys AS (
    DELETE FROM stage_key k USING outdated o
    WHERE k.kind = o.kind AND k.document_key = o.document_key
), rejects AS (
    DELETE FROM stage_reject r USING outdated o
    WHERE r.kind = o.kind AND r.document_key = o.document_key
), unread AS (
    DELETE FROM stage_unread r USING outdated o
    WHERE r.kind = o.kind AND r.document_key = o.document_key
      AND r.version < o.known_version
), orders AS (
    DELETE FROM stage_order s USING outdated o
    WHERE o.kind = 'order' AND s.id = o.document_key
), lines AS (
    DELETE FROM stage_line s USING outdated o
    WHERE o.kind = 'order' AND s.order_id = o.document_key
), evaluations AS (
    DELETE FROM stage_evaluation s USING outdated o
    WHERE o.kind = 'order' AND s.order_id = o.document_key
), points AS (
    DELETE FROM stage_point s USING outdated o
    WHERE o.kind = CASE WHEN s.order_id IS NULL THEN 'points' ELSE 'order' END
      AND o.document_key = coalesce(s.order_id, s.id::text)
), events AS (
    DELETE FROM stage_membership_event s USING outdated o
    WHERE o.kind = 'membership' AND o.document_key = s.id::text
)
INSERT INTO stage_reject
SELECT CASE kind WHEN 'order' THEN 'processed_order' WHEN 'points'
        THEN 'point_transaction' ELSE 'membership_event' END,
    document_key, document_key,
    format('version %%s is known with other content, which stands until the source''s'
           ' database is read', version),
    format('{"id": %%s, "version": %%s}', to_json(document_key), version), kind
FROM outdated WHERE contradicts;
ANALYZE stage_document;
