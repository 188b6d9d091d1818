SELECT 12::oid AS oid, 'internal' AS lanname, 10::oid AS lanowner, false AS lanispl,
       false AS lanpltrusted, 0::oid AS lanplcallfoid, 0::oid AS laninline, 0::oid AS lanvalidator,
       NULL::text[] AS lanacl
UNION ALL
SELECT 14::oid, 'sql', 10::oid, false, true, 0::oid, 0::oid, 0::oid, NULL::text[]
