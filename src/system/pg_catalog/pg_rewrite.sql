-- There are none.
SELECT NULL::oid AS oid, NULL::text AS rulename, NULL::oid AS ev_class, NULL::text AS ev_type,
       NULL::text AS ev_enabled, NULL::boolean AS is_instead, NULL::text AS ev_qual,
       NULL::text AS ev_action
WHERE false
