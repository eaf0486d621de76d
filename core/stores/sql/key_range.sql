-- The documents that we know in a range of keys, be it as refused: those that were
-- not delivered are gone. Rows without a key stand under the empty one, the first of
-- all. A key that is no valid text was delivered elsewhere: it does not stand in the
-- order of the mark by which we know it.
INSERT INTO stage_key
SELECT kind, document_key FROM fact_document
WHERE source = %(source)s AND kind = %(kind)s AND NOT is_deleted
  AND (%(after)s::text IS NULL OR document_key > %(after)s)
  AND (%(up_to)s::text IS NULL OR document_key <= %(up_to)s)
UNION
SELECT kind, key
FROM (SELECT kind, coalesce(document_key, '') COLLATE "C" AS key
      FROM loyalty_reporting_dead_letter
      WHERE source = %(source)s AND state = 'open' AND kind = %(kind)s) l
WHERE strpos(key, '�') = 0
  AND (%(after)s::text IS NULL OR key > %(after)s)
  AND (%(up_to)s::text IS NULL OR key <= %(up_to)s);
