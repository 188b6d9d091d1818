SELECT d.oid, d.name AS datname, s.user_oid AS datdba, 6 AS encoding, 'c' AS datlocprovider,
       d.name = 'template1' AS datistemplate, true AS datallowconn, -1 AS datconnlimit, 0::bigint AS datfrozenxid,
       0::bigint AS datminmxid, 1663::oid AS dattablespace, 'C' AS datcollate, 'C.UTF-8' AS datctype,
       NULL::text AS daticulocale, NULL::text AS datcollversion, NULL::text[] AS datacl
FROM rowan.catalog_databases AS d CROSS JOIN rowan.catalog_session AS s
