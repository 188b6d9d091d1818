-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS tgrelid, NULL::oid AS tgparentid, NULL::text AS tgname,
       NULL::oid AS tgfoid, NULL::smallint AS tgtype, NULL::text AS tgenabled,
       NULL::boolean AS tgisinternal, NULL::oid AS tgconstrrelid, NULL::oid AS tgconstrindid,
       NULL::oid AS tgconstraint, NULL::boolean AS tgdeferrable, NULL::boolean AS tginitdeferred,
       NULL::smallint AS tgnargs, NULL::smallint[] AS tgattr, NULL::bytea AS tgargs,
       NULL::text AS tgqual, NULL::text AS tgoldtable, NULL::text AS tgnewtable
WHERE false
