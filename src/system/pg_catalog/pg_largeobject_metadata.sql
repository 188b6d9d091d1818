-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS lomowner, NULL::text[] AS lomacl
WHERE false
