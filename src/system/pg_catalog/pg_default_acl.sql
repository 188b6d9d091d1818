-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS defaclrole, NULL::oid AS defaclnamespace,
       NULL::text AS defaclobjtype, NULL::text[] AS defaclacl
WHERE false
