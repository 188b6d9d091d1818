# Proves COPY through the process's own input and output, inline data in scripts, and `rowan import` and `export`.
source "$(dirname "$0")/lib.sh"
"$rowan" init t.git >/dev/null
"$rowan" sql t.git -c 'CREATE TABLE t (a int PRIMARY KEY, b text)' >/dev/null

printf '1,one\n2,"a\r\nb"\n' | "$rowan" sql t.git -c 'COPY t FROM STDIN (FORMAT csv)' >out || fail "COPY FROM STDIN"
[[ $(cat out) == 'COPY 2' ]] || fail "COPY FROM STDIN said $(cat out)"
[[ $(value 'SELECT length(b) FROM t WHERE a = 2') == 4 ]] || fail "a carriage return in a value was lost"

printf -- '-- rows\nCOPY t FROM STDIN (FORMAT csv);\n3,SELECT 1;\n4,\\x\n\\.\nSELECT count(*) AS n FROM t;\n' > inline.sql
run sql t.git --format csv -f inline.sql; exits 0; prints $'n\n4'
"$rowan" sql t.git -c 'DELETE FROM t WHERE a > 2' >/dev/null
run sql t.git --format csv < inline.sql; exits 0; prints $'n\n4'

# Data behind a COPY that fails is not taken for statements.
printf 'COPY t FROM STDIN (FORMAT csv);\n5,five\nDELETE FROM t;\n\\.\nSELECT count(*) AS n FROM t;\n' > failing.sql
"$rowan" shell t.git < failing.sql >out 2>err
[[ $(cat err) == *22P04* && $(cat out) == *' 4'* ]] || fail "after a failed COPY: $(cat out err)"

run sql t.git -c "COPY t TO STDOUT"; exits 0; silent; prints $'1\tone\n2\ta\\r\\nb\n3\tSELECT 1;\n4\t\\\\x'
run sql t.git -c "COPY (SELECT a FROM t WHERE a < 3) TO STDOUT (FORMAT csv, HEADER)"; prints $'a\n1\n2'

run export t.git t rows.csv; exits 0; prints 'COPY 4'
run export t.git t - --no-header --delimiter ';'; exits 0; shows '1;one'
"$rowan" sql t.git -c 'CREATE TABLE u (a int PRIMARY KEY, b text)' >/dev/null
run import t.git u rows.csv; exits 0; prints 'COPY 4'
printf 'a,b\n9,-\n' | "$rowan" import t.git public.u - --null - >/dev/null || fail "import from standard input"
[[ $(value 'SELECT count(*) FROM u WHERE b IS NULL') == 1 ]] || fail "import --null"
[[ $(value 'SELECT count(*) FROM t JOIN u ON t.a = u.a AND t.b = u.b') == 4 ]] || fail "export and import changed rows"

run import t.git u missing.csv; exits 17; says 'missing.csv'
run import t.git missing rows.csv; exits 10; says '"missing" does not exist'
printf 'a,b\n20,x\nnot a number,y\n' > bad.csv
run import t.git u bad.csv; exits 12; says 'line 3'
[[ $(value 'SELECT count(*) FROM u') == 5 ]] || fail "a failed import left rows"

# Line ends are those of the first line, and nothing else ends a record; the bytes are read as PostgreSQL reads them.
"$rowan" sql t.git -c 'CREATE TABLE lines (a text, b text)' >/dev/null
# reads FORMAT BYTES ROWS: the bytes are taken, and give these rows.
reads() {
  printf "$2" > lines.data
  run sql t.git -c 'BEGIN' -c "COPY lines FROM '$work/lines.data' (FORMAT $1)" -c 'COPY (SELECT * FROM lines) TO STDOUT' -c 'ROLLBACK'
  exits 0; shows "$3"
}
refuses() {
  printf "$2" > lines.data
  run sql t.git -c "COPY lines FROM '$work/lines.data' (FORMAT $1)"; exits 12; says "$3"
}
reads csv 'a,b\rc,d\r' $'a\tb\nc\td'
reads csv 'a,b\r\nc,d\r\n' $'a\tb\nc\td'
reads csv 'a,b\n"c\rd",e' $'a\tb\nc\\rd\te'
reads text 'a\tb\rc\td\r' $'a\tb\nc\td'
reads text '\\x41\\x4a\\x4\t\\xg\\101\n' $'AJ\x04\txgA'
reads text 'a\\\nb\tc\n' $'a\\nb\tc'
reads text 'a\tb\n\\.\nignored\n' $'a\tb'
refuses csv 'a,b\nc\r,d\n' 'unquoted carriage return found in data'
refuses csv 'a,b\rc,d\n' 'unquoted newline found in data'
refuses csv 'a,b\r\nc\r,d\r\n' 'unquoted carriage return found in data'
refuses text 'a\tb\nc\rd\te\n' 'literal carriage return found in data'
refuses text 'a\tb\r\nc\td\n' 'literal newline found in data'
refuses text 'a\tb\n\\.x\n' 'end-of-copy marker corrupt'

finish
