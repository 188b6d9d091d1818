-- No role is a group yet.
SELECT NULL::text AS groname, NULL::oid AS grosysid, NULL::oid[] AS grolist
WHERE false
