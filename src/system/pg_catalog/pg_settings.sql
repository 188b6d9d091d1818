SELECT name, setting, NULL::text AS unit, '' AS category, description AS short_desc,
       NULL::text AS extra_desc, 'user' AS context, 'string' AS vartype, 'session' AS source,
       NULL::text AS min_val, NULL::text AS max_val, NULL::text[] AS enumvals,
       NULL::text AS boot_val, NULL::text AS reset_val, NULL::text AS sourcefile,
       NULL::integer AS sourceline, false AS pending_restart
FROM rowan.settings
