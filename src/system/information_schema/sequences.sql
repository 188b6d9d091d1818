SELECT pg_catalog.current_database() AS sequence_catalog, schema AS sequence_schema,
       name AS sequence_name, type AS data_type,
       CASE type WHEN 'smallint' THEN 16 WHEN 'integer' THEN 32 ELSE 64 END AS numeric_precision,
       2 AS numeric_precision_radix, 0 AS numeric_scale, start::text AS start_value,
       min::text AS minimum_value, max::text AS maximum_value, increment::text AS increment,
       CASE WHEN "cycle" THEN 'YES' ELSE 'NO' END AS cycle_option
FROM rowan.catalog_sequences
