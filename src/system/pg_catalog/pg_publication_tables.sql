-- There are none.
SELECT NULL::text AS pubname, NULL::text AS schemaname, NULL::text AS tablename, NULL::text[] AS attnames,
       NULL::text AS rowfilter
WHERE false
