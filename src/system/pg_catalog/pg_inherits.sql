-- There are none.
SELECT NULL::oid AS inhrelid, NULL::oid AS inhparent, NULL::integer AS inhseqno,
       NULL::boolean AS inhdetachpending
WHERE false
