-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS prpubid, NULL::oid AS prrelid, NULL::text AS prqual,
       NULL::smallint[] AS prattrs
WHERE false
