-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS stxrelid, NULL::text AS stxname, NULL::oid AS stxnamespace,
       NULL::oid AS stxowner, NULL::integer AS stxstattarget, NULL::smallint[] AS stxkeys,
       NULL::text[] AS stxkind, NULL::text AS stxexprs
WHERE false
