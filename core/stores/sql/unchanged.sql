-- Unchanged documents leave here: nothing is written for them, but a newer version.
WITH same AS (
    DELETE FROM stage_document d
    USING fact_document f
    WHERE f.order_key = d.order_key
      AND f.content_hash = d.content_hash
      AND f.is_deleted = (d.state = 'gone')
    RETURNING d.order_key, d.version
)
UPDATE fact_document f SET version = same.version
FROM same
WHERE f.order_key = same.order_key AND same.version > f.version;
