-- There are none.
SELECT NULL::oid AS oid, NULL::text AS evtname, NULL::text AS evtevent, NULL::oid AS evtowner,
       NULL::oid AS evtfoid, NULL::text AS evtenabled, NULL::text[] AS evttags
WHERE false
