-- There are none.
SELECT NULL::oid AS aggfnoid, NULL::text AS aggkind, NULL::smallint AS aggnumdirectargs,
       NULL::oid AS aggtransfn, NULL::oid AS aggfinalfn, NULL::oid AS aggcombinefn,
       NULL::oid AS aggserialfn, NULL::oid AS aggdeserialfn, NULL::oid AS aggmtransfn,
       NULL::oid AS aggminvtransfn, NULL::oid AS aggmfinalfn, NULL::boolean AS aggfinalextra,
       NULL::boolean AS aggmfinalextra, NULL::text AS aggfinalmodify, NULL::text AS aggmfinalmodify,
       NULL::oid AS aggsortop, NULL::oid AS aggtranstype, NULL::integer AS aggtransspace,
       NULL::oid AS aggmtranstype, NULL::integer AS aggmtransspace, NULL::text AS agginitval,
       NULL::text AS aggminitval
WHERE false
