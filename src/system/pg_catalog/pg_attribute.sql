SELECT relation_oid AS attrelid, name AS attname, type_oid AS atttypid, -1 AS attstattarget,
       length AS attlen, number AS attnum, CASE WHEN "array" THEN 1 ELSE 0 END AS attndims,
       -1 AS attcacheoff, modifier AS atttypmod, false AS attbyval, 'i' AS attalign,
       CASE WHEN type_oid = 1700 THEN 'm' WHEN length < 0 THEN 'x' ELSE 'p' END AS attstorage, '' AS attcompression,
       not_null AS attnotnull, ("default" IS NOT NULL) AS atthasdef, false AS atthasmissing,
       identity AS attidentity, '' AS attgenerated, false AS attisdropped, true AS attislocal,
       0 AS attinhcount,
       CASE WHEN type_oid IN (25, 1042, 1043, 1009, 1014, 1015) THEN 100 ELSE 0 END::oid AS attcollation,
       NULL::text[] AS attacl, NULL::text[] AS attoptions, NULL::text[] AS attfdwoptions,
       NULL::text AS attmissingval
FROM rowan.catalog_columns
