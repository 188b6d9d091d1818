SELECT schema AS schemaname, name AS sequencename, pg_catalog.pg_get_userbyid(10) AS sequenceowner,
       type AS data_type, start AS start_value, min AS min_value, max AS max_value,
       increment AS increment_by, "cycle" AS "cycle", 1::bigint AS cache_size,
       NULL::bigint AS last_value
FROM rowan.catalog_sequences
