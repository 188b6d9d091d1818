-- There are none.
SELECT NULL::oid AS partrelid, NULL::text AS partstrat, NULL::smallint AS partnatts,
       NULL::oid AS partdefid, NULL::smallint[] AS partattrs, NULL::oid[] AS partclass,
       NULL::oid[] AS partcollation, NULL::text AS partexprs
WHERE false
