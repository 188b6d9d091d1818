-- There are none.
SELECT NULL::oid AS oid, NULL::text AS polname, NULL::oid AS polrelid, NULL::text AS polcmd,
       NULL::boolean AS polpermissive, NULL::oid[] AS polroles, NULL::text AS polqual,
       NULL::text AS polwithcheck
WHERE false
