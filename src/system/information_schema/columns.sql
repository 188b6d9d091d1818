SELECT pg_catalog.current_database() AS table_catalog, schema AS table_schema,
       relation AS table_name, c.name AS column_name, number::integer AS ordinal_position,
       "default" AS column_default, CASE WHEN not_null THEN 'NO' ELSE 'YES' END AS is_nullable,
       CASE WHEN "array" THEN 'ARRAY' ELSE pg_catalog.format_type(type_oid, NULL) END AS data_type,
       CASE WHEN type_oid IN (1042, 1043) AND modifier > 0 THEN modifier - 4 END
         AS character_maximum_length,
       CASE WHEN type_oid IN (25, 1042, 1043) THEN 1073741824 END AS character_octet_length,
       CASE type_oid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
         WHEN 1700 THEN CASE WHEN modifier > 0 THEN ((modifier - 4) >> 16) & 65535 END END
         AS numeric_precision,
       CASE WHEN type_oid IN (21, 23, 20, 700, 701) THEN 2 WHEN type_oid = 1700 THEN 10 END
         AS numeric_precision_radix,
       CASE WHEN type_oid IN (21, 23, 20) THEN 0
         WHEN type_oid = 1700 AND modifier > 0 THEN (modifier - 4) & 2047 END AS numeric_scale,
       CASE WHEN type_oid = 1082 THEN 0
         WHEN type_oid IN (1083, 1114, 1184, 1186) THEN CASE WHEN modifier < 0 THEN 6 ELSE modifier END END
         AS datetime_precision,
       NULL::text AS interval_type, NULL::integer AS interval_precision,
       NULL::text AS character_set_catalog, NULL::text AS character_set_schema,
       NULL::text AS character_set_name, NULL::text AS collation_catalog,
       NULL::text AS collation_schema, NULL::text AS collation_name, NULL::text AS domain_catalog,
       NULL::text AS domain_schema, NULL::text AS domain_name,
       pg_catalog.current_database() AS udt_catalog, 'pg_catalog' AS udt_schema,
       t.name AS udt_name, NULL::text AS scope_catalog, NULL::text AS scope_schema,
       NULL::text AS scope_name, NULL::integer AS maximum_cardinality,
       number::text AS dtd_identifier, 'NO' AS is_self_referencing,
       CASE WHEN identity = '' THEN 'NO' ELSE 'YES' END AS is_identity,
       CASE identity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END AS identity_generation,
       NULL::text AS identity_start, NULL::text AS identity_increment,
       NULL::text AS identity_maximum, NULL::text AS identity_minimum, 'NO' AS identity_cycle,
       'NEVER' AS is_generated, NULL::text AS generation_expression,
       CASE kind WHEN 'r' THEN 'YES' ELSE 'NO' END AS is_updatable
FROM rowan.catalog_columns c JOIN (SELECT oid AS named_oid, name FROM rowan.catalog_types) t ON t.named_oid = c.type_oid
WHERE kind IN ('r', 'v')
