-- pg_database_owner is the role that PostgreSQL gives the schema public to; nobody can be it.
SELECT user_oid AS oid, "user" AS rolname, true AS rolsuper, true AS rolinherit,
       true AS rolcreaterole, true AS rolcreatedb, true AS rolcanlogin, true AS rolreplication,
       true AS rolbypassrls, -1 AS rolconnlimit, NULL::text AS rolpassword,
       NULL::timestamptz AS rolvaliduntil
FROM rowan.catalog_session
UNION ALL
SELECT 6171::oid, 'pg_database_owner', false, true, false, false, false, false, false, -1, NULL::text,
       NULL::timestamptz
