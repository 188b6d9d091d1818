-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS enumtypid, NULL::float4 AS enumsortorder,
       NULL::text AS enumlabel
WHERE false
