SELECT schema AS schemaname, name AS tablename, pg_catalog.pg_get_userbyid(10) AS tableowner,
       NULL::text AS tablespace, indexed AS hasindexes, false AS hasrules, false AS hastriggers,
       false AS rowsecurity
FROM rowan.catalog_relations
WHERE kind = 'r'
