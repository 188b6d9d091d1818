-- There are none.
SELECT NULL::oid AS rngtypid, NULL::oid AS rngsubtype, NULL::oid AS rngmultitypid,
       NULL::oid AS rngcollation, NULL::oid AS rngsubopc, NULL::oid AS rngcanonical,
       NULL::oid AS rngsubdiff
WHERE false
