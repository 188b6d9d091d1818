SELECT "user" AS usename, user_oid AS usesysid, true AS usecreatedb, true AS usesuper,
       true AS userepl, true AS usebypassrls, '********' AS passwd, NULL::timestamptz AS valuntil,
       NULL::text[] AS useconfig
FROM rowan.catalog_session
