SELECT pg_catalog.current_database() AS catalog_name, name AS schema_name,
       pg_catalog.pg_get_userbyid(10) AS schema_owner,
       NULL::text AS default_character_set_catalog, NULL::text AS default_character_set_schema,
       NULL::text AS default_character_set_name, NULL::text AS sql_path
FROM rowan.catalog_schemas
