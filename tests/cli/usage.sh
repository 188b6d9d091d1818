# Proves that wrong usage is refused with a sentence that helps, and that help and version answer.
source "$(dirname "$0")/lib.sh"

run </dev/null; exits 2; says "rowan init DIR"
run help; exits 0; shows "rowan sql DIR"; silent
run help sql; exits 0; shows "--format table|csv|json|expanded"
run import --help; exits 0; shows "DIR TABLE FILE.csv"
for command in init shell sql import export log diff blame branch tag merge revert cherry-pick restore reset rebase squash reflog foreign adopt hook check upgrade checkpoint serve; do
  for word in -h --help; do
    run "$command" "$word"; exits 0; shows "rowan $command "; silent
  done
done
run merge t.git -m -h; exits 2; says "something is missing behind the folder"
run help -h; exits 0; shows "rowan sql DIR"
run version; exits 0; shows "rowan "
run --version; exits 0
run frobnicate; exits 2; says 'unknown command "frobnicate"'
run help frobnicate; exits 2

run sql; exits 2; says "the repository's folder is missing"; says "Usage: rowan sql DIR"
run sql t.git 'SELECT 1'; exits 2; says "SQL is given with -c"
run sql t.git --frmat csv; exits 2; says "unknown option --frmat"
run sql t.git -c; exits 2; says "option -c needs a value"
run sql t.git --read-only=yes; exits 2; says "takes no value"
run sql t.git --format xml; exits 2; says "table, csv, json and expanded"
run sql t.git -c 'SELECT 1' -f x.sql; exits 2; says "cannot be used together"
run import t.git t; exits 2; says "something is missing behind the folder"
run log t.git -n many; exits 2; says "number of commits"
run init a b; exits 2; says 'unexpected "b"'

run sql nowhere.git -c 'SELECT 1'; exits 18; says 'there is no folder "nowhere.git"'; says "rowan init nowhere.git"
mkdir plain && touch plain/file
run sql plain -c 'SELECT 1'; exits 18; says "is not a Rowan repository"
run init plain; exits 3; says "not empty"
run init t.git; exits 0; shows "t.git"
run init t.git; exits 3
run sql t.git --branch nope -c 'SELECT 1'; exits 18; says 'branch "nope" does not exist'
run -- sql; exits 2

run foreign; exits 2; says "the repository's folder is missing"
run foreign look t.git; exits 2; says 'not "look"'
run foreign list; exits 2; says "takes the folder alone"
run foreign take t.git; exits 2; says "takes the folder and the commit's id"
run foreign drop t.git 0123456789 -m no; exits 2; says "-m goes with foreign take"
run foreign show t.git 0123456789; exits 18; says "rowan foreign list DIR"
run foreign list t.git; exits 0; shows "(0 rows)"
run adopt; exits 2
run adopt missing; exits 18; says "is not a Rowan repository"
run upgrade; exits 2
run upgrade missing; exits 18; says "is not a Rowan repository"
run hook; exits 2
run hook install; exits 2; says "hook install takes the folder"
run hook install plain; exits 18; says "is no bare repository"
git init -q --bare other.git
run hook install other.git; exits 18; says "is not a Rowan repository"
run hook install t.git; exits 0; shows "Installed t.git/hooks/pre-receive"
run hook install t.git; exits 0
echo '#!/bin/sh' >t.git/hooks/pre-receive
run hook install t.git; exits 3; says "--force"
run hook install t.git --force; exits 0
run hook run t.git <<<"old new"; exits 0
run hook run t.git <<<"old new refs/heads/main"; exits 2

git clone -q t.git worktree
run sql worktree -c 'SELECT 1'; exits 18; says 'worktree/.git'
run sql worktree/.git -c 'SELECT 1'; exits 3; says 'bare clone'
run sql --read-only worktree/.git -c 'SELECT 1'; exits 0
run log worktree/.git; exits 0
run branch worktree/.git other; exits 3; says 'bare clone'
[[ $(git -C worktree config core.bare) == false ]] || fail "core.bare of a clone was changed"
run help version; exits 0; shows 'rowan version'
finish
