-- There are none.
SELECT NULL::oid AS objoid, NULL::oid AS classoid, NULL::integer AS objsubid,
       NULL::text AS privtype, NULL::text[] AS initprivs
WHERE false
