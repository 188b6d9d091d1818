# Proves: what the machine has too little of (disk, open files, memory, threads) ends a command with a plain named error and its
# exit code, never with a bug's, an abort or a hang, and nothing that was committed is lost or judged by it; and whose folders are
# looked at.
source "$(dirname "$0")/lib.sh"
trap 'umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
run init t.git
run sql t.git -c "CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t VALUES (1)"; exits 0

# under OPTION LIMIT WORD…: as run, with that limit of ulimit's.
under() {
  local option=$1 limit=$2
  shift 2
  what="ulimit $option $limit; rowan $*"
  (ulimit "$option" "$limit" && exec timeout --preserve-status -s TERM 20 "$rowan" "$@") </dev/null >"$work/.out" 2>"$work/.err"
  code=$?
  out=$(cat "$work/.out")
  err=$(cat "$work/.err")
}
# Fine, or out of something that is named.
is_plain() {
  case $code in
    0) ;;
    16 | 17) [[ $err == *5[38][0-9][0-9][0-9]:* ]] || fail "$what: exit code $code without a name: $err" ;;
    *) fail "$what: exit code $code: $err" ;;
  esac
  for word in XX000 terminate "cannot be used" "set back"; do [[ $err != *"$word"* ]] || fail "$what: said $err"; done
}
all_commands() {
  under "$@" sql t.git -c "INSERT INTO t SELECT max(n) + 1 FROM t"; is_plain
  under "$@" sql t.git --read-only -c "TABLE t"; is_plain
  for words in "check t.git" "checkpoint t.git" "log t.git" "branch t.git" "foreign list t.git" "upgrade t.git" "export t.git t -"; do
    # shellcheck disable=SC2086
    under "$@" $words; is_plain
  done
  rm -rf new.git
  under "$@" init new.git; is_plain
  rm -rf copy.git && cp -r t.git copy.git
  under "$@" adopt copy.git; is_plain
  under "$@" sql copy.git -c "TABLE t"; is_plain
}

for files in 5 6 7 8 9 10 12 16; do all_commands -n "$files"; done
for files in 6 7 8 9 10 11 12; do
  (ulimit -n "$files" && exec timeout --preserve-status -s TERM 2 "$rowan" serve t.git --port 0) </dev/null >.out 2>.err
  code=$? what="ulimit -n $files; rowan serve" err=$(cat .err)
  is_plain
done
[[ $(ulimit -n 7; "$rowan" sql t.git -c "INSERT INTO t VALUES (-1)" 2>&1) == *"ulimit -n"* ]] || fail "no hint names ulimit -n"

# From where the program itself can be loaded on.
for kb in 40000 48000 56000 64000 72000 80000 88000 96000 120000; do
  under -v "$kb" version
  [[ $code -eq 0 ]] && all_commands -v "$kb"
done
run sql t.git --format csv -c "SELECT count(*) = max(n) AS whole FROM t"; exits 0; prints $'whole\nt'
run check t.git; exits 0; prints "No problem found."

# A disk that fills up while a repository is open: what was acknowledged is there afterwards, and the exit code says that Git lacks it.
mkdir small
if mount -t tmpfs -o size=16m none small 2>/dev/null; then
  run init small/t.git; exits 0
  run sql small/t.git -c "CREATE TABLE t (n int PRIMARY KEY)"; exits 0
  mkfifo statements
  "$rowan" sql small/t.git --format csv <statements >.first.out 2>.first.err &
  first=$!
  exec 3>statements
  # What the first commit writes besides stands before the disk is full.
  echo "INSERT INTO t VALUES (6); SELECT 'open';" >&3
  for _ in $(seq 200); do grep -q '^open' .first.out && break; sleep 0.1; done
  dd if=/dev/zero of=small/filler bs=4k 2>/dev/null
  echo "INSERT INTO t VALUES (7);" >&3
  echo "SELECT 'taken ' || n FROM t WHERE n = 7;" >&3
  exec 3>&-
  wait "$first"
  code=$? what="rowan sql on a full disk" err=$(cat .first.err)
  grep -q '^taken 7$' .first.out || fail "the INSERT was not taken: $(cat .first.out .first.err)"
  exits 16
  says "53100"
  says "safe in the journal"
  rm small/filler
  run sql small/t.git --format csv -c "SELECT n FROM t"; exits 0; shows 7
  run check small/t.git; exits 0

  if command -v psql >/dev/null; then
    "$rowan" serve small/t.git --port 0 --auth trust --listen none --socket-dir "$work" >.served 2>.first.err </dev/null &
    first=$!
    for _ in $(seq 200); do ls "$work"/.s.PGSQL.* >/dev/null 2>&1 && break; sleep 0.1; done
    port=$(echo "$work"/.s.PGSQL.*); port=${port##*.}
    psql -qXAt -h "$work" -p "$port" -U tester t -c "SELECT 1" >/dev/null || fail "psql: $(cat .served .first.err)"
    psql -qXAt -h "$work" -p "$port" -U tester t -c "INSERT INTO t VALUES (61)" -c "\! dd if=/dev/zero of=small/filler bs=4k 2>/dev/null" \
      -c "INSERT INTO t VALUES (8)" >/dev/null || fail "psql: $(cat .first.err)"
    kill -TERM "$first"
    wait "$first"
    code=$? what="rowan serve on a full disk" err=$(cat .first.err)
    exits 16
    says "53100"
    rm small/filler
    run sql small/t.git --format csv -c "SELECT n FROM t WHERE n = 8"; exits 0; shows 8
  else
    echo "psql is missing: rowan serve on a full disk is left out"
  fi
  umount small
else
  echo "a disk of its own cannot be mounted: what happens when it is full is left out"
fi

# Folders that others may write to: the repository's own is not all that matters.
for folder in . objects objects/pack refs refs/heads rowan rowan/journal; do
  chmod o+w "t.git/$folder"
  run sql t.git -c "TABLE t"; exits 3; says 42501; says "can be written to by everybody"
  run sql t.git --read-only -c "TABLE t"; exits 3
  chmod o-w "t.git/$folder"
done
run sql t.git -c "TABLE t"; exits 0
chmod o+w t.git/objects/pack t.git/refs/heads
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$work/t.git" run sql t.git -c "TABLE t"; exits 0
run adopt t.git; exits 0
run sql t.git -c "TABLE t"; exits 0

# What says which branches there were is read, or the reason is said why not.
mv t.git/rowan/refs kept
for way in "ln -s $work/kept" "mkfifo" "mkdir"; do
  $way t.git/rowan/refs
  run sql t.git -c "TABLE t"; exits 19; says XX001; says "rowan/refs"
  rm -r t.git/rowan/refs
done
mv kept t.git/rowan/refs
run sql t.git -c "TABLE t"; exits 0
finish
