SELECT count(*), sum(stock), sum(price), min(id), max(id) FROM item;
SELECT count(*), sum(n), min(region), max(at), sum(item) FROM "Order 7";
SELECT kind, n, count(*) FROM event GROUP BY kind, n ORDER BY kind, n LIMIT 4;
SELECT id, length(body), raw, facts, source, weight, flag FROM document ORDER BY id;
SELECT * FROM ticket ORDER BY id;
SELECT (SELECT count(*) FROM cheap), (SELECT sum(n) FROM per_kind), (SELECT count(*) FROM rowan.files);
SELECT (SELECT count(*) FROM item AS OF 'v1'), (SELECT count(*) FROM "Order 7" AS OF 'v3'), (SELECT sum(stock) FROM item AS OF 'autumn');
SELECT count(*) FROM rowan.log;
SELECT count(*) FROM rowan.blame('item');
