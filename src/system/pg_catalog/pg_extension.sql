-- There are none.
SELECT NULL::oid AS oid, NULL::text AS extname, NULL::oid AS extowner, NULL::oid AS extnamespace,
       NULL::boolean AS extrelocatable, NULL::text AS extversion, NULL::oid[] AS extconfig,
       NULL::text[] AS extcondition
WHERE false
