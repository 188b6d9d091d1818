-- There are none.
SELECT NULL::oid AS oid, NULL::text AS tmplname, NULL::oid AS tmplnamespace, NULL::oid AS tmplinit,
       NULL::oid AS tmpllexize
WHERE false
