-- relhastriggers: foreign keys are triggers in PostgreSQL, and psql asks for none where it says there
-- are no triggers.
-- relam: 2 is heap, 403 is btree. relfilenode and the like mean nothing here and are 0.
SELECT oid, name AS relname, schema_oid AS relnamespace, 0::oid AS reltype, 0::oid AS reloftype,
       10::oid AS relowner,
       CASE kind WHEN 'r' THEN 2 WHEN 'm' THEN 2 WHEN 'i' THEN 403 ELSE 0 END::oid AS relam,
       0::oid AS relfilenode, 0::oid AS reltablespace, 0 AS relpages,
       coalesce(rows, -1)::float4 AS reltuples, 0 AS relallvisible, 0::oid AS reltoastrelid,
       indexed AS relhasindex, false AS relisshared, 'p' AS relpersistence, kind AS relkind,
       columns AS relnatts, checks AS relchecks, (kind = 'v' OR kind = 'm') AS relhasrules,
       linked AS relhastriggers, false AS relhassubclass, false AS relrowsecurity,
       false AS relforcerowsecurity, populated AS relispopulated,
       CASE kind WHEN 'r' THEN 'd' WHEN 'm' THEN 'd' ELSE 'n' END AS relreplident,
       false AS relispartition, 0::oid AS relrewrite, 0::bigint AS relfrozenxid,
       0::bigint AS relminmxid, NULL::text[] AS relacl, NULL::text[] AS reloptions,
       NULL::text AS relpartbound
FROM rowan.catalog_relations
