-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS opcmethod, NULL::text AS opcname, NULL::oid AS opcnamespace,
       NULL::oid AS opcowner, NULL::oid AS opcfamily, NULL::oid AS opcintype,
       NULL::boolean AS opcdefault, NULL::oid AS opckeytype
WHERE false
