SELECT 1663::oid AS oid, 'pg_default' AS spcname, 10::oid AS spcowner, NULL::text[] AS spcacl,
       NULL::text[] AS spcoptions
UNION ALL
SELECT 1664::oid, 'pg_global', 10::oid, NULL::text[], NULL::text[]
