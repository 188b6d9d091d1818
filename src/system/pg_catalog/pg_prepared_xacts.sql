-- There are none.
SELECT NULL::bigint AS "transaction", NULL::text AS gid, NULL::timestamptz AS prepared,
       NULL::text AS owner, NULL::text AS "database"
WHERE false
