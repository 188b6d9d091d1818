-- There are none.
SELECT NULL::oid AS oid, NULL::oid AS subdbid, NULL::text AS subskiplsn, NULL::text AS subname,
       NULL::oid AS subowner, NULL::boolean AS subenabled, NULL::boolean AS subbinary,
       NULL::boolean AS substream, NULL::text AS subtwophasestate, NULL::boolean AS subdisableonerr,
       NULL::text AS subconninfo, NULL::text AS subslotname, NULL::text AS subsynccommit,
       NULL::text[] AS subpublications
WHERE false
