-- There are none.
SELECT NULL::oid AS loid, NULL::integer AS pageno, NULL::bytea AS data
WHERE false
