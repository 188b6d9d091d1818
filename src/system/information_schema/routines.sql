-- There are none.
SELECT NULL::text AS specific_catalog, NULL::text AS specific_schema, NULL::text AS specific_name,
       NULL::text AS routine_catalog, NULL::text AS routine_schema, NULL::text AS routine_name,
       NULL::text AS routine_type, NULL::text AS data_type, NULL::text AS routine_body,
       NULL::text AS routine_definition, NULL::text AS external_language
WHERE false
