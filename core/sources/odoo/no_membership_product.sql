-- Without the module "partnership" there are no levels.
SELECT NULL::bigint AS id, NULL::text AS name, NULL::text AS level, NULL::bigint AS rank,
    0 AS version, NULL::xid8 AS txid
WHERE false
