-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS umuser, NULL::oid AS umserver, NULL::text[] AS umoptions
WHERE false
