-- There are none.
SELECT NULL::oid AS oid, NULL::text AS srvname, NULL::oid AS srvowner, NULL::oid AS srvfdw,
       NULL::text AS srvtype, NULL::text AS srvversion, NULL::text[] AS srvacl,
       NULL::text[] AS srvoptions
WHERE false
