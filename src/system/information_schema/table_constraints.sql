SELECT pg_catalog.current_database() AS constraint_catalog, schema AS constraint_schema,
       name AS constraint_name, pg_catalog.current_database() AS table_catalog,
       schema AS table_schema, "table" AS table_name,
       CASE kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' WHEN 'f' THEN 'FOREIGN KEY'
         ELSE 'CHECK' END AS constraint_type,
       'NO' AS is_deferrable, 'NO' AS initially_deferred, 'YES' AS enforced,
       CASE kind WHEN 'u' THEN 'YES' END AS nulls_distinct
FROM rowan.catalog_constraints
