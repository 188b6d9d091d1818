-- There are none.
SELECT NULL::integer AS pid, NULL::boolean AS gss_authenticated, NULL::text AS principal,
       NULL::boolean AS encrypted
WHERE false
