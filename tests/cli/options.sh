# Every option of the command line and every backslash command: a value that is not the usual one shows its effect, a value
# that it does not know is refused, and so are repetitions and options that say nothing here. What the help names and this
# file does not try is a failure of this file.
source "$(dirname "$0")/lib.sh"

run init t.git
sql() { run sql t.git "$@"; }
sql -c "CREATE TABLE one (id int PRIMARY KEY, v text); CREATE TABLE \"Two\" (id int); CREATE VIEW ov AS SELECT id FROM one;
  CREATE MATERIALIZED VIEW om AS SELECT id FROM one; CREATE SEQUENCE os; CREATE INDEX oi ON one (v);
  INSERT INTO one VALUES (1, 'a'); CREATE BRANCH dev; CREATE TAG first"; exits 0
sql --branch dev -c "INSERT INTO one VALUES (2, 'b')"; exits 0

# ---- Options of commands ----

tried=()
# option COMMAND NAME: what follows tries it.
option() { tried+=("$1 $2"); }

option sql --branch
sql --branch dev --format csv -c "SELECT count(*) FROM one"; shows 2
sql --branch nope -c "SELECT 1"; exits 18
sql --branch '' -c "SELECT 1"; exits 2; says "option --branch needs a value"
sql --branch dev --branch main -c "SELECT 1"; exits 2; says "option --branch is given twice"
option sql --format
sql --format json -c "SELECT 1 AS n"; shows '"n"'
sql --format expanded -c "SELECT 1 AS n"; shows "RECORD 1"
sql --format yaml -c "SELECT 1"; exits 2; says "table, csv, json and expanded"
sql --format csv --format json -c "SELECT 1"; exits 2; says "given twice"
option sql -c
sql --format csv -c "SELECT 1 AS a" -c "SELECT 2 AS b"; shows 2
option sql -f
echo "SELECT 41 + 1 AS n" >x.sql
sql --format csv -f x.sql; shows 42
sql -f nofile.sql; exits 17
option sql --read-only
sql --read-only -c "INSERT INTO one VALUES (9, 'x')"; exits 3
option sql --verbose
sql --verbose -c "INSERT INTO one VALUES (3, 'c')"; shows "INSERT 0 1"
option check --drop-caches
run checkpoint t.git; exits 0
echo rubbish >t.git/rowan/derived/left-behind
run check t.git; exits 0; [[ -e t.git/rowan/derived/left-behind ]] || fail "check alone forgets nothing"
run check t.git --drop-caches; exits 0; shows "No problem found"
[[ ! -e t.git/rowan/derived/left-behind && -e t.git/rowan/derived/history ]] || fail "check --drop-caches leaves what was there"
run check t.git --drop-caches=yes; exits 2; says "takes no value"
option shell --branch
run shell t.git --branch nope </dev/null; exits 18
option shell --read-only
run shell t.git --read-only=1 </dev/null; exits 2; says "takes no value"

option import --no-header
echo "7,x" >rows.csv; run import t.git one rows.csv --no-header; exits 0; [[ $(value "SELECT v FROM one WHERE id = 7") == x ]] || fail "--no-header"
option import --delimiter
printf 'id;v\n8;y\n' >rows.csv; run import t.git one rows.csv --delimiter ';'; exits 0
run import t.git one rows.csv --delimiter ';;'; exits 11
run import t.git one rows.csv --delimiter ''; exits 2; says "needs a value"
option import --null
printf 'id,v\n9,NIL\n' >rows.csv; run import t.git one rows.csv --null NIL; exits 0
[[ $(value "SELECT v IS NULL FROM one WHERE id = 9") == t ]] || fail "--null"
option import --branch
printf 'id,v\n20,z\n' >rows.csv; run import t.git one rows.csv --branch dev; exits 0
[[ $(value "SELECT count(*) FROM one WHERE id = 20") == 0 ]] || fail "import --branch"
run import t.git '' rows.csv; exits 2; says "is empty"
option export --no-header
run export t.git one - --no-header; [[ $out != *"id,v"* ]] || fail "export --no-header"
option export --delimiter
run export t.git one - --delimiter '|'; shows "id|v"
option export --null
run export t.git one - --null NIL; shows "9,NIL"
option export --branch
run export t.git one - --branch dev; shows "20,z"

option log -n
run log t.git -n 1 --oneline; [[ $(wc -l <<<"$out") == 1 ]] || fail "log -n 1 printed $out"
run log t.git -n -1; exits 2
run log t.git -n 1 -n 2; exits 2; says "given twice"
option log --oneline
option log --graph
run log t.git --graph -n 1; shows "*"
option log --table
run log t.git --table nosuch; exits 10
run log t.git --table one --oneline; exits 0
option log --author
run log t.git --author nobody --oneline; prints ""
run log t.git --author '' --oneline; exits 2
option log --grep
run log t.git --grep nothing-like-it --oneline; prints ""
option log --since
run log t.git --since 2999-01-01 --oneline; prints ""
run log t.git --since someday; exits 12
option log --until
run log t.git --until 1999-01-01 --oneline; prints ""
option log --branch
run log t.git --branch nope; exits 18
run log t.git ''; exits 2; says "is empty"

option diff --table
run diff t.git first main --table one --stat; shows one
run diff t.git first main --table nosuch; exits 10
option diff --stat
option diff --json
run diff t.git first main --json; shows '{'
option diff --sql
run diff t.git first main --sql; shows "INSERT INTO"
option diff --native
run diff t.git first main --sql --native; exits 0
run diff t.git first main --native; exits 2
option diff --schema
run diff t.git first main --schema; exits 0
run diff t.git first main --stat --json; exits 2; says "only one can be given"
option foreign -m
run foreign drop t.git abcd1234 -m words; exits 2
run foreign take t.git abcd1234 -m words; exits 18
option hook --force
run hook install t.git; exits 0
run hook install t.git --force; exits 0

option upgrade --dry-run
run upgrade t.git --dry-run; exits 0; shows "Nothing to do."
run upgrade t.git --dry-run --dry-run; exits 2; says "given twice"
run upgrade t.git; exits 0; shows "Nothing to do."
option adopt --discard-journal
run adopt t.git --discard-journal; exits 0; shows "is given up"
option diff --exit-code
run diff t.git first main --exit-code; exits 1
run diff t.git main main --exit-code; exits 0
option diff --branch
run diff t.git first --branch nope; exits 18
run diff t.git ''; exits 2; says "is empty"

option blame --cells
run blame t.git one --cells; exits 0
option blame --at
run blame t.git one --at nosuch; exits 18
run blame t.git one --at ''; exits 2
option blame --branch
run blame t.git one --branch nope; exits 18

option branch --from
run branch t.git old --from first; exits 0
run branch t.git --from first; exits 2; says "--from goes with the name of a new branch"
run branch t.git --delete old --from first; exits 2
option branch --protect
run branch t.git --protect old; exits 0
option branch --unprotect
run branch t.git --unprotect old; exits 0
run branch t.git --protect old --unprotect old; exits 2; says "only one of"
option branch --rename
run branch t.git --rename old older; exits 0
run branch t.git --rename older; exits 2
option branch --delete
option branch --force
run branch t.git --delete older --force; exits 0
run branch t.git another --force; exits 2; says "--force goes with --delete"
run branch t.git --delete ''; exits 2; says "needs a value"
option tag --from
run tag t.git early --from first; exits 0
option tag -m
run tag t.git noted -m "a note"; exits 0
[[ $(value "SELECT message FROM rowan.tags WHERE tag = 'noted'") == "a note" ]] || fail "tag -m"
run tag t.git -m "a note"; exits 2; says "-m goes with the name of a new tag"
option tag --delete
run tag t.git --delete early; exits 0
run tag t.git --delete noted --from first; exits 2

option merge --dry-run
run merge t.git dev --dry-run; exits 0
[[ $(value "SELECT count(*) FROM one WHERE id = 20") == 0 ]] || fail "merge --dry-run merged"
option merge --policy
run merge t.git dev --policy best; exits 2; says "row-level, ours, theirs and manual"
run merge t.git dev --policy ours --policy theirs; exits 2; says "given twice"
option merge --ff-only
run merge t.git dev --ff-only; exits 3
option merge --renumber
run merge t.git dev --renumber --dry-run; exits 0
option merge --no-ff
run merge t.git dev --no-ff --ff-only; exits 10
option merge -m
option merge --branch
run merge t.git dev --branch main --no-ff -m "both"; exits 0
[[ $(value "SELECT message FROM rowan.log() LIMIT 1") == both ]] || fail "merge -m"
option revert --branch
run revert t.git HEAD --branch nope; exits 18
option revert --parent
run revert t.git HEAD --parent 0; exits 12
run revert t.git HEAD --parent many; exits 2
option revert -m
run revert t.git HEAD --parent 1 -m "undone"; exits 0
[[ $(value "SELECT message FROM rowan.log() LIMIT 1") == undone ]] || fail "revert -m"
option cherry-pick --branch
run cherry-pick t.git dev --branch nope; exits 18
option cherry-pick --parent
run cherry-pick t.git dev --parent 7; exits 12
option cherry-pick -m
run cherry-pick t.git dev -m "picked"; exits 0
option restore --to
run restore t.git; exits 2; says "--to is missing"
run restore t.git --to ''; exits 2
option restore --schema
run restore t.git one --schema public --to first; exits 2; says "not both"
option restore --branch
run restore t.git --to first --branch nope; exits 18
option restore -m
run restore t.git one --to first -m "as it was"; exits 0
[[ $(value "SELECT count(*) FROM one") == 1 ]] || fail "restore --to"
option reset --branch
run reset t.git first --branch nope; exits 18
option rebase --branch
run rebase t.git main --branch nope; exits 18
option squash --branch
run squash t.git first --branch nope; exits 18
option squash -m
option squash --force
run squash t.git first -m "all of it" --force; exits 0
[[ $(value "SELECT message FROM rowan.log() LIMIT 1") == "all of it" ]] || fail "squash -m"

# A server for a moment: what it says, and how it ends. Its clients' view is tests/server.
serve() {
  what="rowan serve $*"
  ROWAN_PASSWORD=given timeout -s TERM 2 "$rowan" serve "$@" >"$work/.out" 2>"$work/.err"
  code=$?
  out=$(cat "$work/.out")
  err=$(cat "$work/.err")
}
option serve --port
serve t.git --port 0; exits 124; shows ' as database "t" on 127.0.0.1:'; shows "Shutting down."
serve t.git --port 70000; exits 2; says "--port takes a number"
option serve --listen
serve t.git --port 0 --listen localhost --listen 127.0.0.2; shows ", 127.0.0.2:"
serve t.git --listen nowhere; exits 12; says "is no address"
serve t.git --listen none; exits 2; says "give --socket-dir"
option serve --socket-dir
serve t.git --port 0 --listen none --socket-dir "$work"; shows "$work/.s.PGSQL."; shows "psql -h"
serve t.git --port 0 --socket-dir nofolder; exits 17; says "could not make the socket"
option serve --password-file
echo secret >password
serve t.git --port 0 --password-file password; shows "psql postgres://"; [[ $out != *secret* ]] || fail "a password is told"
serve t.git --port 0 --password-file nofile; exits 17; says "cannot be read"
option serve --auth
serve t.git --port 0 --auth trust; says "is let in"
serve t.git --port 0 --auth trust --listen 0.0.0.0; says "loopback"; exits 21
serve t.git --port 0 --auth md5; exits 2; says "scram or trust"
option serve --max-connections
serve t.git --port 0 --max-connections 0; exits 2; says "from 1 to 100000"
serve t.git --port 0 --max-connections 5; exits 124
option serve --input-memory
serve t.git --port 0 --input-memory 0; exits 2; says "from 1 to 1000000"
serve t.git --port 0 --input-memory 64; exits 124

# The help names no option that is not tried above.
while read -r command option; do
  [[ " ${tried[*]/#/|} " == *"|$command $option "* ]] || fail "help names $command $option, which no line here tries"
done < <("$rowan" help | awk '$1 == "rowan" { command = $2; line = $0; while (match(line, /(^|[^A-Za-z-])--?[a-z][a-z-]*/)) {
  word = substr(line, RSTART, RLENGTH); sub(/^[^-]*/, "", word); print command, word; line = substr(line, RSTART + RLENGTH) } }')

# ---- Backslash commands ----

seen=()
# typed COMMAND-LINE: runs it in a script, and keeps that it was tried.
typed() { seen+=("${1%% *}"); printf '%s\n' "$@" >commands.sql; sql -f commands.sql; }

typed '\x' 'SELECT 1 AS n;'; shows "RECORD 1"
typed '\x on' 'SELECT 1 AS n;'; shows "RECORD 1"
typed '\x off' 'SELECT 1 AS n;'; shows "(1 row)"
typed '\x auto'; exits 12; says 'unrecognized value "auto" for "\x": on or off expected'
typed '\timing on' 'SELECT 1;'; shows "Time:"
typed '\timing maybe'; exits 12; says '"maybe"'
typed '\verbose on' "UPDATE one SET v = 'q' WHERE id = 1;"; shows "UPDATE 1"
typed '\verbose perhaps'; exits 12
typed '\dt'; shows Two; shows one
typed '\dt o*'; shows one; [[ $out != *Two* ]] || fail "\\dt o* showed Two"
typed '\dt o??'; shows one
typed '\dt "Two"'; shows Two
typed '\dt public.o*'; shows one
typed '\dt nosuch*'; exits 10; says 'Did not find any relation named "nosuch*".'
typed '\dt nosuch.*'; exits 10
typed '\dv ov'; shows ov
typed '\dv one'; exits 10
typed '\dm o*'; shows om
typed '\ds os'; shows os
typed '\ds nosuch'; exits 10
typed '\di oi'; shows oi
typed '\d'; shows ov
typed '\d one'; shows "Indexes:"
typed '\d o*'; shows 'View "public.ov"'; shows 'Sequence "public.os"'
typed '\d nosuch'; exits 10
typed '\d nosuch*'; exits 10
typed '\l'; shows public
typed '\l public'; exits 10; says "takes no argument"
typed '\? more'; exits 10
typed '\?'; shows '\dt'
typed '\h'; exits 0
typed '\h select'; exits 0; shows 'Statement:   SELECT'
typed '\h nothing'; exits 10; says 'No help available'
echo "SELECT 'included' AS w;" >inc.sql
typed '\i inc.sql'; shows included
typed '\i nofile.sql'; exits 17
typed '\i'; exits 10
typed '\q now'; exits 10; says "takes no argument"
typed '\q' 'SELECT broken;'; exits 0
typed '\frobnicate'; exits 10; says "invalid command"

sql -c '\?'
while read -r command; do
  [[ " ${seen[*]} " == *" $command "* ]] || fail "\\? names $command, which no line here tries"
done < <(grep -oE '^ *\\[a-z?]+' <<<"$out" | tr -d ' ')

finish
