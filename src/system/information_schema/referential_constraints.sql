SELECT pg_catalog.current_database() AS constraint_catalog, k.schema AS constraint_schema,
       k.name AS constraint_name, pg_catalog.current_database() AS unique_constraint_catalog,
       u.schema AS unique_constraint_schema, u.name AS unique_constraint_name,
       'NONE' AS match_option,
       CASE k.on_update WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
         WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS update_rule,
       CASE k.on_delete WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
         WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS delete_rule
FROM rowan.catalog_constraints k
  LEFT JOIN rowan.catalog_constraints u
    ON u.table_oid = k.foreign_table_oid AND u.index_oid = k.index_oid AND u.kind IN ('p', 'u')
WHERE k.kind = 'f'
