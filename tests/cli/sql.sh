# Proves what `rowan sql` runs, prints and returns: statements from -c, -f and standard input, formats, errors and exit codes.
source "$(dirname "$0")/lib.sh"
"$rowan" init t.git >/dev/null

run sql t.git -c "CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(8,2))" -c "INSERT INTO t VALUES (1,'x',1.5), (2,E'l\nm',NULL), (3,'日本',22); DELETE FROM t WHERE a = 9"
exits 0; silent
prints 'CREATE TABLE
INSERT 0 3
DELETE 0'

run sql t.git -c 'SELECT * FROM t ORDER BY a -- no semicolon'
exits 0
prints ' a |  b   |   c   
---+------+-------
 1 | x    |  1.50
 2 | l   +|      
   | m    |      
 3 | 日本 | 22.00
(3 rows)'
run sql t.git --format csv -c 'SELECT * FROM t ORDER BY a'
prints 'a,b,c
1,x,1.50
2,"l
m",
3,日本,22.00'
run sql t.git --format=json -c 'SELECT * FROM t WHERE a < 3 ORDER BY a'
prints '[
 {"a":1,"b":"x","c":1.50},
 {"a":2,"b":"l\nm","c":null}
]'
run sql t.git --format expanded -c 'SELECT * FROM t WHERE a = 1'
shows 'b | x'
run sql t.git -c '\x' -c 'SELECT a FROM t WHERE a = 1'
shows '-[ RECORD 1 ]'

# Files, with \i, and standard input; a failure names the file and the line, and ends the script.
printf 'SELECT 1 AS one;\n\\i second.sql\nSELECT 3 AS three;' > first.sql
printf -- '-- a comment; with a semicolon\nSELECT 2 AS two;\n' > second.sql
run sql t.git --format csv -f first.sql; exits 0; prints $'one\n1\ntwo\n2\nthree\n3'
run sql t.git --format csv -f second.sql -f first.sql; prints $'two\n2\none\n1\ntwo\n2\nthree\n3'
run sql t.git --format csv < first.sql; prints $'one\n1\ntwo\n2\nthree\n3'
printf 'SELECT 1;\n\nSELECT\n  nope\n;\nSELECT 3;' > bad.sql
run sql t.git --format csv -f bad.sql; exits 10; says 'bad.sql:3: ERROR:  42703'; says 'LINE 2:   nope'; prints $'?column?\n1'
run sql t.git -f missing.sql; exits 17; says 'missing.sql'
run sql t.git -f "$work"; exits 17

# Exit codes by class, and nothing of an error on standard output.
while read -r wanted sql; do
  run sql t.git -c "$sql"; exits "$wanted"; says 'ERROR:  '; prints ''
done <<'SQL'
10 SELEC 1
10 SELECT * FROM missing
12 SELECT 1 / 0
13 INSERT INTO t VALUES (1)
14 SAVEPOINT s
SQL
run sql t.git --branch main --read-only -c 'DELETE FROM t'; exits 3

# A block that is left open is undone.
run sql t.git -c "BEGIN; INSERT INTO t VALUES (50)"; exits 0
[[ $(value 'SELECT count(*) FROM t') == 3 ]] || fail "an open block was kept"

# Statements run as they arrive, not at the end of the input.
mkfifo to from
"$rowan" sql t.git --format csv < to > from 2>/dev/null &
exec 7>to 8<from
echo 'SELECT 41 + 1 AS answer;' >&7
read -r -t 20 name <&8 && read -r -t 20 answer <&8
[[ ${name:-} == answer && ${answer:-} == 42 ]] || fail "a statement in a pipe waited for the end of the input"
exec 7>&- 8<&-
wait

# A reader that leaves, and a disk that is full.
"$rowan" sql t.git -c 'SELECT x FROM generate_series(1, 300000) g(x)' 2>err | head -n 1 >/dev/null
[[ ${PIPESTATUS[0]} -eq 141 && ! -s err ]] || fail "a broken pipe: $(cat err)"
if [[ -w /dev/full ]]; then
  "$rowan" sql t.git -c 'SELECT 1' >/dev/full 2>err; code=$?
  [[ $code -eq 17 && $(cat err) == *"could not write the output"* ]] || fail "a full disk: $code $(cat err)"
fi

# \dt counts the rows that nobody has counted yet, as in a clone.
git clone -q --bare t.git counted.git
[[ -n $("$rowan" sql counted.git --format csv -c 'SELECT name FROM rowan.tables WHERE rows IS NULL' | tail -n +2) ]] || fail "the clone knows all counts"
run sql counted.git -c '\dt'; exits 0
[[ ! $out =~ \|\ *$'\n' ]] || fail "a table without its rows: $out"

# A shell without a terminal goes on behind a failure.
printf 'SELECT nope;\nSELECT 7 AS seven;\n' > shell.sql
run shell t.git < shell.sql; exits 0; says '42703'; shows 'seven'
run shell < second.sql; exits 0; shows 'two'

finish
