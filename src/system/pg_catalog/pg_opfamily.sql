-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS opfmethod, NULL::text AS opfname, NULL::oid AS opfnamespace,
       NULL::oid AS opfowner
WHERE false
