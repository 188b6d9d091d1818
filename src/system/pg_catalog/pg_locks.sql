-- There are none.
SELECT NULL::text AS locktype, NULL::oid AS database, NULL::oid AS relation, NULL::integer AS page,
       NULL::smallint AS tuple, NULL::text AS virtualxid, NULL::bigint AS transactionid, NULL::oid AS classid,
       NULL::oid AS objid, NULL::smallint AS objsubid, NULL::text AS virtualtransaction, NULL::integer AS pid,
       NULL::text AS mode, NULL::boolean AS granted, NULL::boolean AS fastpath, NULL::timestamptz AS waitstart
WHERE false
