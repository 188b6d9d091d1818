-- An expression is its text. The oid is that of no other default, and of nothing else.
SELECT (relation_oid::bigint * 4 + number) % 2147467264 + 16384 AS oid, relation_oid AS adrelid,
       number AS adnum, "default" AS adbin
FROM rowan.catalog_columns
WHERE "default" IS NOT NULL
