-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS trftype, NULL::oid AS trflang, NULL::oid AS trffromsql,
       NULL::oid AS trftosql
WHERE false
