-- There are none.
SELECT NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS rulename,
       NULL::text AS definition
WHERE false
