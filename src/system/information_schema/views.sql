SELECT pg_catalog.current_database() AS table_catalog, schema AS table_schema, name AS table_name,
       definition AS view_definition, 'NONE' AS check_option, 'NO' AS is_updatable,
       'NO' AS is_insertable_into, 'NO' AS is_trigger_updatable, 'NO' AS is_trigger_deletable,
       'NO' AS is_trigger_insertable_into
FROM rowan.catalog_relations
WHERE kind = 'v'
