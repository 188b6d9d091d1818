SELECT 5::oid AS oid, "database" AS datname, user_oid AS datdba, 6 AS encoding, 'c' AS datlocprovider,
       false AS datistemplate, true AS datallowconn, -1 AS datconnlimit, 0::bigint AS datfrozenxid,
       0::bigint AS datminmxid, 1663::oid AS dattablespace, 'C' AS datcollate, 'C.UTF-8' AS datctype,
       NULL::text AS daticulocale, NULL::text AS datcollversion, NULL::text[] AS datacl
FROM rowan.catalog_session
