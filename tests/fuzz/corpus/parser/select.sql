WITH a(x) AS (SELECT 1) SELECT DISTINCT t.*, count(*) FILTER (WHERE b), 'it''s' || E'\n\u00e4' AS "A b", $1::numeric(10,2) FROM s.t AS OF 'main~1' x
LEFT JOIN (VALUES (1), (2)) v(y) USING (y), f(1) g WHERE a BETWEEN 1 AND 2 AND NOT b IN (1, 2) OR c LIKE 'x' ESCAPE '!' GROUP BY a HAVING max(b) > .5
ORDER BY 1 DESC NULLS LAST LIMIT 3 OFFSET 1; /* a /* nested */ comment */ SELECT $q$ x ; $q$;
