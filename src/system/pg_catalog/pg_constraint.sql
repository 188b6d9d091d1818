SELECT oid, name AS conname, schema_oid AS connamespace, kind AS contype, false AS condeferrable,
       false AS condeferred, true AS convalidated, table_oid AS conrelid, 0::oid AS contypid,
       index_oid AS conindid, 0::oid AS conparentid, foreign_table_oid AS confrelid,
       on_update AS confupdtype, on_delete AS confdeltype,
       CASE kind WHEN 'f' THEN 's' ELSE ' ' END AS confmatchtype, true AS conislocal,
       0 AS coninhcount, true AS connoinherit, keys AS conkey, foreign_keys AS confkey,
       NULL::oid[] AS conpfeqop, NULL::oid[] AS conppeqop, NULL::oid[] AS conffeqop,
       NULL::smallint[] AS confdelsetcols, NULL::oid[] AS conexclop, NULL::text AS conbin
FROM rowan.catalog_constraints
