SELECT t.schema AS schemaname, t.name AS tablename, i.name AS indexname,
       NULL::text AS tablespace, pg_catalog.pg_get_indexdef(i.oid) AS indexdef
FROM rowan.catalog_relations i JOIN rowan.catalog_relations t ON t.oid = i.table_oid
WHERE i.kind = 'i'
