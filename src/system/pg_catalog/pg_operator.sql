-- There are none.
SELECT NULL::oid AS oid, NULL::text AS oprname, NULL::oid AS oprnamespace, NULL::oid AS oprowner,
       NULL::text AS oprkind, NULL::boolean AS oprcanmerge, NULL::boolean AS oprcanhash,
       NULL::oid AS oprleft, NULL::oid AS oprright, NULL::oid AS oprresult, NULL::oid AS oprcom,
       NULL::oid AS oprnegate, NULL::oid AS oprcode, NULL::oid AS oprrest, NULL::oid AS oprjoin
WHERE false
