SELECT oid AS seqrelid, type_oid AS seqtypid, start AS seqstart, increment AS seqincrement,
       max AS seqmax, min AS seqmin, 1::bigint AS seqcache, "cycle" AS seqcycle
FROM rowan.catalog_sequences
