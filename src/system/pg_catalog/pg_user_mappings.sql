-- There are none.
SELECT NULL::oid AS umid, NULL::oid AS srvid, NULL::text AS srvname, NULL::oid AS umuser, NULL::text AS usename,
       NULL::text[] AS umoptions
WHERE false
