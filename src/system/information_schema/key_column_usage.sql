SELECT pg_catalog.current_database() AS constraint_catalog, k.schema AS constraint_schema,
       k.name AS constraint_name, pg_catalog.current_database() AS table_catalog,
       k.schema AS table_schema, k."table" AS table_name, c.name AS column_name,
       array_position(k.keys, c.number) AS ordinal_position,
       CASE k.kind WHEN 'f' THEN array_position(k.keys, c.number) END AS position_in_unique_constraint
FROM rowan.catalog_constraints k
  JOIN rowan.catalog_columns c ON c.relation_oid = k.table_oid
WHERE k.kind IN ('p', 'u', 'f') AND array_position(k.keys, c.number) IS NOT NULL
