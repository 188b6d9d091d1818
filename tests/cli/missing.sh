# Proves: a command whose name, key or revision is not there, or whose words are too few or too many, says so in one sentence and fails;
# and hints name commands of the command line, not statements of SQL.
source "$(dirname "$0")/lib.sh"

"$rowan" init t.git >/dev/null
run sql t.git -c 'CREATE TABLE t (id int PRIMARY KEY, v text)' -c 'CREATE VIEW w AS SELECT id FROM t' \
  -c "INSERT INTO t VALUES (1, 'one')" -c 'CREATE BRANCH side' -c 'CREATE BRANCH kept' -c 'CREATE TAG v1' -c 'PROTECT BRANCH kept'; exits 0
run sql t.git --branch side -c "INSERT INTO t VALUES (2, 'two')"; exits 0
run sql t.git -c "INSERT INTO t VALUES (3, 'three')" -c 'MERGE side'; exits 0
run branch t.git lone; exits 0
run sql t.git --branch lone -c "INSERT INTO t VALUES (4, 'four')"; exits 0

run branch t.git rolled; exits 0
run sql t.git --branch rolled -c "ALTER BRANCH rolled SET HISTORY POLICY EVERY '1 hour'" -c "INSERT INTO t VALUES (5, 'five')"; exits 0
printf 'id,v\n9,nine\n' > nine.csv

# A way out is a command, an option, or said to be the shell's.
statements='(SHOW|CREATE|DROP|ALTER|MERGE|RESET|RESTORE|REVERT|CHECKOUT|SQUASH|REBASE|PROTECT|UNPROTECT|COMMIT|ABORT|RENAME|PARENT|WITH) '
refused() {
  [[ $code -ne 0 && $code -lt 100 ]] || fail "$what: exit code $code"
  [[ -n $err ]] || fail "$what: failed and said nothing"
  [[ $(grep -c '^ERROR: \|^rowan' <<<"$err") -le 1 ]] || fail "$what: more than one sentence: $err"
  local hint
  hint=$(grep '^HINT: ' <<<"$err")
  [[ $hint == *'In rowan shell'* ]] || ! grep -qE "$statements" <<<"$hint " || fail "$what: the hint speaks SQL: $hint"
}
hints() { says "HINT:  $1"; }

first=$(git -C t.git rev-list --max-parents=0 main)
while read -r words; do
  words=${words//\{first\}/$first}
  # shellcheck disable=SC2086
  run $words </dev/null
  refused
done <<'END'
blame t.git nosuch
blame t.git w
blame t.git t 77
blame t.git t 77 --cells
blame t.git t 1 2
blame t.git t x
blame t.git t --at nosuch
blame t.git t --branch nosuch
blame t.git
log t.git nosuch
log t.git --table nosuch
log t.git --table w
log t.git --branch nosuch
log t.git main more
diff t.git nosuch
diff t.git main nosuch
diff t.git main side more
diff t.git main --table nosuch
diff t.git
branch t.git one two
branch t.git side
branch t.git one --from nosuch
branch t.git --delete nosuch
branch t.git --delete main
branch t.git --delete lone
branch t.git --delete kept
branch t.git --rename nosuch other
branch t.git --rename kept other
branch t.git --rename side
branch t.git --protect nosuch
branch t.git --unprotect nosuch
tag t.git v1
tag t.git one --from nosuch
tag t.git --delete nosuch
tag t.git one two
merge t.git nosuch
merge t.git
merge t.git side --branch nosuch
revert t.git nosuch
revert t.git HEAD
revert t.git HEAD --parent 3
revert t.git
cherry-pick t.git nosuch
cherry-pick t.git main --branch side
cherry-pick t.git
restore t.git nosuch --to main
restore t.git t --to nosuch
restore t.git --schema nosuch --to main
restore t.git t
reset t.git nosuch
reset t.git main --branch kept
reset t.git
rebase t.git nosuch
rebase t.git side more
rebase t.git
squash t.git nosuch
squash t.git v1
squash t.git
reset t.git main~1 --branch rolled
rebase t.git side --branch rolled
squash t.git main~1 --branch rolled
branch t.git --rename rolled other
import t.git t nine.csv --branch v1
import t.git t nine.csv --branch kept
merge t.git side --branch v1
revert t.git HEAD --branch v1
restore t.git t --to v1 --branch v1
reset t.git main --branch v1
squash t.git v1 --branch v1
restore t.git t --to {first}
restore t.git --schema nosuch --to v1
reflog t.git nosuch
reflog t.git main more
import t.git nosuch nosuch.csv
import t.git t nosuch.csv
import t.git t
export t.git nosuch
check nowhere.git
check
init
init t.git
sql t.git -f nosuch.sql
sql t.git more
shell nowhere.git
foreign show t.git nosuch
foreign take t.git nosuch
foreign drop t.git nosuch
foreign nosuch t.git
adopt nowhere.git
upgrade nowhere.git
hook nosuch t.git
gc nowhere.git
END

run blame t.git t 77; exits 1; says 'table "t" has no row with the key (77)'; hints '--at REVISION'; prints ''
run blame t.git t 1; exits 0; silent
run branch t.git --delete lone; hints '--force drops it'
run branch t.git --delete kept; hints 'rowan branch DIR --unprotect kept lifts that.'
run reset t.git main~1 --branch rolled; hints 'In rowan shell ALTER BRANCH rolled DROP HISTORY POLICY lifts that.'
run branch t.git --rename rolled other; hints 'In rowan shell ALTER BRANCH rolled DROP HISTORY POLICY'
run import t.git t nine.csv --branch v1; hints 'rowan branch DIR NAME --from v1 makes one; then --branch NAME.'
run restore t.git t --to "$first"; hints 'In rowan shell DROP TABLE takes a table away.'
run branch t.git --delete nosuch; hints 'rowan branch DIR lists them; rowan branch DIR NAME makes one.'
run tag t.git v1; says 'rowan tag DIR --delete takes it away'
run tag t.git --delete nosuch; hints 'rowan tag DIR lists them.'
run revert t.git HEAD; hints '--parent 1 is the branch'
run squash t.git v1 --branch lone; hints '--force makes a new commit'
run blame t.git w; exits 10; says '"w" is not a table'

# The same hints in SQL stay SQL, which `rowan sql` speaks.
run sql t.git --branch nosuch -c 'SELECT 1'; exits 18; hints 'SHOW BRANCHES lists them'
run sql t.git -c 'DROP BRANCH lone'; hints 'DROP BRANCH … FORCE drops it'
run sql t.git --branch rolled -c "RESET TO 'main~1'"; hints 'ALTER BRANCH rolled DROP HISTORY POLICY first.'
run sql t.git --branch v1 -c "INSERT INTO t VALUES (9, 'nine')"; hints "CREATE BRANCH name FROM 'v1' makes one"
run sql t.git --branch v1 -c 'SHOW REFLOG'; hints 'Name the branch: SHOW REFLOG main.'
run sql t.git -c "RESTORE TABLE t TO '$first'"; hints 'DROP TABLE takes a table away.'

# What a merge that waits says to do next is the shell's.
run sql t.git -c "UPDATE t SET v = 'here' WHERE id = 1"; exits 0
run sql t.git --branch side -c "UPDATE t SET v = 'there' WHERE id = 1"; exits 0
run merge t.git side --policy manual; exits 1; says 'then COMMIT MERGE in rowan shell'
run sql t.git -c 'ABORT MERGE' -c 'MERGE side WITH MANUAL RESOLUTION' -c 'ABORT MERGE'; says 'lists; then COMMIT MERGE'
finish
