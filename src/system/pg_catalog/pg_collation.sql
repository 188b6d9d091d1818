SELECT 100::oid AS oid, 'default' AS collname, 11::oid AS collnamespace, 10::oid AS collowner,
       'd' AS collprovider, true AS collisdeterministic, -1 AS collencoding,
       NULL::text AS collcollate, NULL::text AS collctype, NULL::text AS colliculocale,
       NULL::text AS collversion
UNION ALL
SELECT 950::oid, 'C', 11::oid, 10::oid, 'c', true, -1, 'C', 'C', NULL::text, NULL::text
