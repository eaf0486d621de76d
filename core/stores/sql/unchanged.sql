-- Unchanged documents leave here: nothing is written for them.
DELETE FROM stage_document d
USING fact_document f
WHERE f.order_key = d.order_key
  AND f.content_hash = d.content_hash
  AND f.is_deleted = (d.kind = 'gone');
ANALYZE stage_document;
