-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS amopfamily, NULL::oid AS amoplefttype,
       NULL::oid AS amoprighttype, NULL::smallint AS amopstrategy, NULL::text AS amoppurpose,
       NULL::oid AS amopopr, NULL::oid AS amopmethod, NULL::oid AS amopsortfamily
WHERE false
