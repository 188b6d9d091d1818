-- There are none.
SELECT NULL::oid AS oid, NULL::text AS fdwname, NULL::oid AS fdwowner, NULL::oid AS fdwhandler,
       NULL::oid AS fdwvalidator, NULL::text[] AS fdwacl, NULL::text[] AS fdwoptions
WHERE false
