# Proves that who has a repository open writes nothing into another one that stands in its place by now.
source "$(dirname "$0")/lib.sh"
for way in "mv a.git old.git" "rm -rf a.git"; do
  rm -rf a.git old.git
  "$rowan" init a.git >/dev/null
  mkfifo statements
  "$rowan" sql a.git <statements >first.out 2>first.err &
  first=$!
  exec 3>statements
  echo "CREATE TABLE old (i int PRIMARY KEY); INSERT INTO old VALUES (1);" >&3
  for _ in $(seq 100); do grep -q 'INSERT 0 1' first.out && break; sleep 0.1; done
  $way
  "$rowan" init a.git >/dev/null
  run sql a.git -c "CREATE TABLE mine (i int PRIMARY KEY)" -c "INSERT INTO mine VALUES (42)"; exits 0
  sleep 0.1
  echo "INSERT INTO old VALUES (2);" >&3
  exec 3>&-
  wait "$first"
  grep -q '58030.*is not the repository that was opened' first.err || fail "the second INSERT was taken after: $way: $(cat first.out first.err)"
  run sql a.git --format csv -c "SELECT i FROM mine"; exits 0; prints 'i
42'
  run check a.git; exits 0
  git --git-dir a.git fsck --strict >/dev/null 2>&1 || fail "git fsck, after: $way"
  if [[ -d old.git ]]; then
    run sql old.git --format csv -c "SELECT i FROM old"; exits 0; prints 'i
1'
    run check old.git; exits 0
  fi
  rm -f statements
done
finish
