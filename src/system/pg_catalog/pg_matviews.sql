SELECT schema AS schemaname, name AS matviewname, pg_catalog.pg_get_userbyid(10) AS matviewowner,
       NULL::text AS tablespace, indexed AS hasindexes, populated AS ispopulated, definition
FROM rowan.catalog_relations
WHERE kind = 'm'
