-- A sequence depends on the column that owns it: of itself (i) on an identity column, by hand (a)
-- on one that draws from it by its default.
SELECT 1259::oid AS classid, oid AS objid, 0 AS objsubid, 1259::oid AS refclassid,
       owner_oid AS refobjid, owner_column::integer AS refobjsubid,
       CASE WHEN identity THEN 'i' ELSE 'a' END AS deptype
FROM rowan.catalog_sequences
WHERE owner_oid <> 0
