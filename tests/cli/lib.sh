# What the command line's tests share: run a command, then say what must have come of it.
#   bash <test>.sh PATH-OF-ROWAN
set -uo pipefail
rowan=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME=$work GIT_AUTHOR_NAME=Tester GIT_AUTHOR_EMAIL=tester@example.org LC_ALL=C.UTF-8
failures=0

fail() { failures=$((failures + 1)); printf 'FAILED: %s\n' "$*"; }

# run WORD…: keeps what `rowan WORD…` prints in $out and $err, and its exit code in $code. Standard input is the caller's.
run() {
  what="rowan $*"
  "$rowan" "$@" >"$work/.out" 2>"$work/.err"
  code=$?
  out=$(cat "$work/.out")
  err=$(cat "$work/.err")
}
exits() { [[ $code -eq $1 ]] || fail "$what: exit code $code, not $1; it said: $err"; }
prints() { [[ $out == "$1" ]] || fail "$what: printed
$out
instead of
$1"; }
shows() { [[ $out == *"$1"* ]] || fail "$what: printed
$out
without
$1"; }
says() { [[ $err == *"$1"* ]] || fail "$what: said on stderr
$err
without
$1"; }
silent() { [[ -z $err ]] || fail "$what: said on stderr: $err"; }

# value SQL: the one value a query gives.
value() { "$rowan" sql t.git --format csv -c "$1" | tail -n +2; }

finish() {
  [[ $failures -eq 0 ]] || { echo "$failures failed"; exit 1; }
  echo "all passed"
}
