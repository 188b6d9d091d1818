SELECT user_oid AS oid, "user" AS rolname, true AS rolsuper, true AS rolinherit,
       true AS rolcreaterole, true AS rolcreatedb, true AS rolcanlogin, true AS rolreplication,
       true AS rolbypassrls, -1 AS rolconnlimit, NULL::text AS rolpassword,
       NULL::timestamptz AS rolvaliduntil
FROM rowan.catalog_session
