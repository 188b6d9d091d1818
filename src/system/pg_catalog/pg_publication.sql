-- There are none.
SELECT NULL::oid AS oid, NULL::text AS pubname, NULL::oid AS pubowner,
       NULL::boolean AS puballtables, NULL::boolean AS pubinsert, NULL::boolean AS pubupdate,
       NULL::boolean AS pubdelete, NULL::boolean AS pubtruncate, NULL::boolean AS pubviaroot
WHERE false
