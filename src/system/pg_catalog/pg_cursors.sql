SELECT name, text AS statement, held AS is_holdable, "binary" AS is_binary, back AS is_scrollable, made AS creation_time
FROM rowan.catalog_cursors
