SELECT oid, name AS nspname, CASE oid WHEN 2200 THEN 6171 ELSE 10 END::oid AS nspowner, NULL::text[] AS nspacl
FROM rowan.catalog_schemas
