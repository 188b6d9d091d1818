-- There are none.
SELECT NULL::oid AS objoid, NULL::oid AS classoid, NULL::text AS provider, NULL::text AS label
WHERE false
