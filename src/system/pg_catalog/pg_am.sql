SELECT 2::oid AS oid, 'heap' AS amname, 'heap_tableam_handler' AS amhandler, 't' AS amtype
UNION ALL
SELECT 403::oid, 'btree', 'bthandler', 'i'
