-- There are none.
SELECT NULL::oid AS dbid, NULL::oid AS classid, NULL::oid AS objid, NULL::integer AS objsubid,
       NULL::oid AS refclassid, NULL::oid AS refobjid, NULL::text AS deptype
WHERE false
