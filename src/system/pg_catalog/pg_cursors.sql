-- There are none.
SELECT NULL::text AS name, NULL::text AS statement, NULL::boolean AS is_holdable, NULL::boolean AS is_binary,
       NULL::boolean AS is_scrollable, NULL::timestamptz AS creation_time
WHERE false
