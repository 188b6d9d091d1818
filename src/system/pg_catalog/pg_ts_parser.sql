-- There are none.
SELECT NULL::oid AS oid, NULL::text AS prsname, NULL::oid AS prsnamespace, NULL::oid AS prsstart,
       NULL::oid AS prstoken, NULL::oid AS prsend, NULL::oid AS prsheadline,
       NULL::oid AS prslextype
WHERE false
