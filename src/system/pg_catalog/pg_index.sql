SELECT oid AS indexrelid, table_oid AS indrelid, columns AS indnatts, columns AS indnkeyatts,
       "unique" AS indisunique, false AS indnullsnotdistinct, "primary" AS indisprimary,
       false AS indisexclusion, true AS indimmediate, false AS indisclustered, true AS indisvalid,
       false AS indcheckxmin, true AS indisready, true AS indislive, false AS indisreplident,
       keys AS indkey, NULL::oid[] AS indcollation, NULL::oid[] AS indclass, options AS indoption,
       NULL::text AS indexprs, NULL::text AS indpred
FROM rowan.catalog_indexes
