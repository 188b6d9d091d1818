-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS pnpubid, NULL::oid AS pnnspid
WHERE false
