-- There are none.
SELECT NULL::oid AS oid, NULL::text AS dictname, NULL::oid AS dictnamespace, NULL::oid AS dictowner,
       NULL::oid AS dicttemplate, NULL::text AS dictinitoption
WHERE false
