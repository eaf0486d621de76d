-- The documents that we know in a range of keys, be it as refused: those that were
-- not delivered are gone. A key that is no valid text was delivered elsewhere: it does
-- not stand in the order of the mark by which we know it.
INSERT INTO stage_key
SELECT document_key FROM fact_document
WHERE source = %(source)s AND kind = 'order' AND NOT is_deleted
  AND document_key > %(after)s
  AND (%(up_to)s::text IS NULL OR document_key <= %(up_to)s)
UNION
SELECT coalesce(document_key, '') COLLATE "C" FROM loyalty_reporting_dead_letter
WHERE source = %(source)s AND state = 'open' AND table_name <> 'program'
  AND strpos(coalesce(document_key, ''), '�') = 0
  AND (coalesce(document_key, '') COLLATE "C" > %(after)s
       OR (%(after)s = '' AND coalesce(document_key, '') = ''))
  AND (%(up_to)s::text IS NULL
       OR coalesce(document_key, '') COLLATE "C" <= %(up_to)s);
