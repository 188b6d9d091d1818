SELECT "user" AS rolname, true AS rolsuper, true AS rolinherit, true AS rolcreaterole,
       true AS rolcreatedb, true AS rolcanlogin, true AS rolreplication, -1 AS rolconnlimit,
       '********' AS rolpassword, NULL::timestamptz AS rolvaliduntil, true AS rolbypassrls,
       NULL::text[] AS rolconfig, user_oid AS oid
FROM rowan.catalog_session
