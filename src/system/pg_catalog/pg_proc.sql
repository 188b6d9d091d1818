-- There are none.
SELECT NULL::oid AS oid, NULL::text AS proname, NULL::oid AS pronamespace, NULL::oid AS proowner,
       NULL::oid AS prolang, NULL::float4 AS procost, NULL::float4 AS prorows,
       NULL::oid AS provariadic, NULL::oid AS prosupport, NULL::text AS prokind,
       NULL::boolean AS prosecdef, NULL::boolean AS proleakproof, NULL::boolean AS proisstrict,
       NULL::boolean AS proretset, NULL::text AS provolatile, NULL::text AS proparallel,
       NULL::smallint AS pronargs, NULL::smallint AS pronargdefaults, NULL::oid AS prorettype,
       NULL::oid[] AS proargtypes, NULL::oid[] AS proallargtypes, NULL::text[] AS proargmodes,
       NULL::text[] AS proargnames, NULL::text AS proargdefaults, NULL::text AS prosrc,
       NULL::text AS probin, NULL::text[] AS proconfig, NULL::oid[] AS protrftypes, NULL::text AS prosqlbody,
       NULL::text[] AS proacl
WHERE false
