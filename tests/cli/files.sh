# Proves that files beside the data show in `rowan diff`, `show`, `log` and `check`, and that a clone by stock git has them.
source "$(dirname "$0")/lib.sh"
"$rowan" init t.git >/dev/null
"$rowan" sql t.git -c 'CREATE TABLE t (a int PRIMARY KEY)' >/dev/null
run sql t.git -c "SELECT rowan.write_file('README.md', E'# t\n\nOne table.\n')"; exits 0
run sql t.git -c "SELECT rowan.write_file('public/t/README.md', 'about t')" -c "SELECT rowan.write_file('Run', '#!/bin/sh', true)"; exits 0
run log t.git; exits 0; shows 'write README.md'; shows 'write public/t/README.md'
run diff t.git 'HEAD~3..HEAD'; exits 0; shows 'README.md'; shows 'public/t/README.md'; shows 'One table.'
run check t.git; exits 0; prints 'No problem found.'
git clone -q t.git work
[[ $(cat work/README.md) == $'# t\n\nOne table.' ]] || fail "the clone's README.md is $(cat work/README.md)"
[[ -x work/Run ]] || fail "the clone's Run cannot be run"
run sql t.git -c "SELECT rowan.delete_file('Run')"; exits 0
run diff t.git 'HEAD~1..HEAD'; exits 0; shows 'Run'
run sql t.git -c "SELECT rowan.delete_file('Run')"; exits 17; says 'file "Run" does not exist'
finish
