-- There are none.
SELECT NULL::oid AS oid, NULL::text AS conname, NULL::oid AS connamespace, NULL::oid AS conowner,
       NULL::integer AS conforencoding, NULL::integer AS contoencoding, NULL::oid AS conproc,
       NULL::boolean AS condefault
WHERE false
