# Proves log, branch, check and checkpoint, that closing publishes everything to stock git, and what a second process may do.
source "$(dirname "$0")/lib.sh"
"$rowan" init t.git >/dev/null
"$rowan" sql t.git -c 'CREATE TABLE t (a int PRIMARY KEY)' -c 'INSERT INTO t VALUES (1)' -c "BEGIN; INSERT INTO t VALUES (2); COMMIT MESSAGE 'the second row'" >/dev/null

subjects() { git --git-dir t.git log --format=%s "$1"; }
[[ $(subjects main | head -n 1) == 'the second row' ]] || fail "git does not see the last commit: $(subjects main)"
git --git-dir t.git fsck --strict >/dev/null 2>&1 || fail "git fsck"

run log t.git -n 1; exits 0; shows 'the second row'; shows 'Author: Tester <tester@example.org>'
run log t.git --table t; exits 0; shows 'public.t: +1 ~0 -0'
run log t.git --table missing; exits 10

run branch t.git side --from HEAD~1; exits 0
run branch t.git; exits 0; shows side; shows main
run sql t.git --branch side --format csv -c 'SELECT count(*) FROM t'; prints $'count\n1'
run branch t.git side; exits 18
run branch t.git --delete side; exits 0
run branch t.git --delete side; exits 18
run branch t.git bad --from nowhere; exits 18

run check t.git; exits 0; prints 'No problem found.'
run checkpoint t.git; exits 0

# While one process has it open, others work through it; what needs the repository alone is refused.
mkfifo to from
"$rowan" sql t.git --format csv < to > from 2>/dev/null &
holder=$!
exec 7>to 8<from
echo 'SELECT 42;' >&7
read -r -t 20 _ <&8 && read -r -t 20 answer <&8
[[ ${answer:-} == 42 ]] || fail "the first process did not start"
run upgrade t.git; exits 3; says '55006'
run checkpoint t.git; exits 0; prints CHECKPOINT
run log t.git -n 1; exits 0; shows 'the second row'
run export t.git t -; exits 0; shows 2
run sql t.git --read-only --format csv -c 'SELECT count(*) FROM t'; exits 0; prints $'count\n2'

# A process that is asked to end closes in order: its commits are there for git at once.
echo 'INSERT INTO t VALUES (3);' >&7
echo 'SELECT 43 AS inserted;' >&7
read -r -t 20 _ <&8 && read -r -t 20 answer <&8
[[ ${answer:-} == 43 ]] || fail "the insert was not done"
echo 'SELECT count(*) FROM generate_series(1, 200000) a(x), generate_series(1, 200000) b(y) WHERE a.x < b.y;' >&7
sleep 1
kill -TERM "$holder"
wait "$holder"
[[ $? -eq 143 ]] || fail "SIGTERM gave another exit code"
exec 7>&- 8<&-
[[ $(subjects main | head -n 1) == 'public.t: +1 ~0 -0' && $(subjects main | wc -l) -eq 5 ]] || fail "SIGTERM lost a commit: $(subjects main)"

finish
