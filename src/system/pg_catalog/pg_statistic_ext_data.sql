-- There are none.
SELECT NULL::oid AS stxoid, NULL::boolean AS stxdinherit, NULL::text AS stxdndistinct,
       NULL::text AS stxddependencies, NULL::text AS stxdmcv, NULL::text AS stxdexpr
WHERE false
