SELECT oid, name AS typname, 11::oid AS typnamespace, 10::oid AS typowner, length AS typlen,
       (length > 0 AND length <= 8) AS typbyval, CASE WHEN name = 'unknown' THEN 'p' ELSE 'b' END AS typtype,
       category AS typcategory, preferred AS typispreferred, true AS typisdefined, ',' AS typdelim,
       0::oid AS typrelid, 0::oid AS typsubscript, element AS typelem, "array" AS typarray,
       CASE WHEN element <> 0 THEN 'array_in' ELSE name || 'in' END AS typinput,
       CASE WHEN element <> 0 THEN 'array_out' ELSE name || 'out' END AS typoutput,
       CASE WHEN element <> 0 THEN 'array_recv' ELSE name || 'recv' END AS typreceive,
       CASE WHEN element <> 0 THEN 'array_send' ELSE name || 'send' END AS typsend,
       '-' AS typmodin, '-' AS typmodout, '-' AS typanalyze,
       'i' AS typalign, CASE WHEN oid = 1700 THEN 'm' WHEN length < 0 THEN 'x' ELSE 'p' END AS typstorage,
       false AS typnotnull, 0::oid AS typbasetype, -1 AS typtypmod, 0 AS typndims,
       CASE WHEN oid IN (25, 1042, 1043, 1009, 1014, 1015) THEN 100 ELSE 0 END::oid AS typcollation,
       NULL::text AS typdefaultbin, NULL::text AS typdefault, NULL::text[] AS typacl
FROM rowan.catalog_types
