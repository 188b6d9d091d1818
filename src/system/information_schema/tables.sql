SELECT pg_catalog.current_database() AS table_catalog, schema AS table_schema, name AS table_name,
       CASE kind WHEN 'r' THEN 'BASE TABLE' ELSE 'VIEW' END AS table_type,
       NULL::text AS self_referencing_column_name, NULL::text AS reference_generation,
       NULL::text AS user_defined_type_catalog, NULL::text AS user_defined_type_schema,
       NULL::text AS user_defined_type_name,
       CASE kind WHEN 'r' THEN 'YES' ELSE 'NO' END AS is_insertable_into, 'NO' AS is_typed,
       NULL::text AS commit_action
FROM rowan.catalog_relations
WHERE kind IN ('r', 'v')
