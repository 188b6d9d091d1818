-- There are none.
SELECT NULL::oid AS oid, NULL::text AS cfgname, NULL::oid AS cfgnamespace, NULL::oid AS cfgowner,
       NULL::oid AS cfgparser
WHERE false
