-- There are none.
SELECT NULL::oid AS setdatabase, NULL::oid AS setrole, NULL::text[] AS setconfig
WHERE false
