-- There are none.
SELECT NULL::oid AS srsubid, NULL::oid AS srrelid, NULL::text AS srsubstate, NULL::text AS srsublsn
WHERE false
