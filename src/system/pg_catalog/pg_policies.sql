-- There are none.
SELECT NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS policyname,
       NULL::text AS permissive, NULL::text AS roles, NULL::text AS cmd, NULL::text AS qual,
       NULL::text AS with_check
WHERE false
