SELECT pg_catalog.current_database() AS table_catalog, c.schema AS table_schema,
       c.relation AS table_name, c.name AS column_name,
       pg_catalog.current_database() AS constraint_catalog, k.schema AS constraint_schema,
       k.name AS constraint_name
FROM rowan.catalog_constraints k
  JOIN rowan.catalog_columns c
    ON c.relation_oid = CASE k.kind WHEN 'f' THEN k.foreign_table_oid ELSE k.table_oid END
WHERE array_position(CASE k.kind WHEN 'f' THEN k.foreign_keys ELSE k.keys END, c.number) IS NOT NULL
