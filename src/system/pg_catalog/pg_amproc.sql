-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS amprocfamily, NULL::oid AS amproclefttype,
       NULL::oid AS amprocrighttype, NULL::smallint AS amprocnum, NULL::oid AS amproc
WHERE false
