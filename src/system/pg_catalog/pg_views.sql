SELECT schema AS schemaname, name AS viewname, pg_catalog.pg_get_userbyid(10) AS viewowner,
       definition
FROM rowan.catalog_relations
WHERE kind = 'v'
