SELECT oid, name AS nspname, 10::oid AS nspowner, NULL::text[] AS nspacl
FROM rowan.catalog_schemas
