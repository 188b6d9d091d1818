SELECT pg_catalog.current_database() AS constraint_catalog, schema AS constraint_schema,
       name AS constraint_name, substr(definition, 7) AS check_clause
FROM rowan.catalog_constraints
WHERE kind = 'c'
