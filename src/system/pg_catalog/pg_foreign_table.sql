-- There are none.
SELECT NULL::oid AS ftrelid, NULL::oid AS ftserver, NULL::text[] AS ftoptions
WHERE false
