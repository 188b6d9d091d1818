-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS castsource, NULL::oid AS casttarget, NULL::oid AS castfunc,
       NULL::text AS castcontext, NULL::text AS castmethod
WHERE false
