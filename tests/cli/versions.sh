# Proves the verbs of version control: branch, tag, revert, cherry-pick, restore, reset, rebase, squash and reflog, with their exit codes.
source "$(dirname "$0")/lib.sh"
"$rowan" init t.git >/dev/null
"$rowan" sql t.git -c 'CREATE TABLE t (a int PRIMARY KEY)' -c 'INSERT INTO t VALUES (1)' -c 'INSERT INTO t VALUES (2)' >/dev/null
rows() { "$rowan" sql t.git --branch "$1" --format csv -c 'SELECT a FROM t ORDER BY a' | tail -n +2 | tr '\n' ' '; }

run branch t.git dev --from HEAD~1; exits 0; silent
run branch t.git; exits 0; shows dev
run branch t.git dev; exits 18
run branch t.git --rename dev; exits 2; says 'follows the folder'
run branch t.git new --rename dev; exits 0
run branch t.git --protect new; exits 0
run sql t.git --branch new -c 'INSERT INTO t VALUES (3)'; exits 3; says 'is protected'
run branch t.git --delete new; exits 3
run branch t.git --unprotect new; exits 0
run branch t.git --delete new --protect main; exits 2

run tag t.git v1 -m 'first release'; exits 0
run tag t.git plain --from HEAD~1; exits 0
run tag t.git; exits 0; shows 'first release'; shows plain
[[ $(git --git-dir t.git tag -n) == *'v1'*'first release'* ]] || fail "git does not see the tag: $(git --git-dir t.git tag -n)"
git --git-dir t.git cat-file -e v1^{tag} || fail "v1 is no annotated tag"
run tag t.git v1; exits 18
run tag t.git --delete plain; exits 0
run tag t.git --delete plain; exits 18

# A tag can be read, not written.
run sql t.git --branch v1 --format csv -c 'SELECT count(*) FROM t'; prints $'count\n2'
run sql t.git --branch v1 -c 'DELETE FROM t'; exits 3; says 'which is no branch'

run sql t.git --verbose -c 'INSERT INTO t VALUES (5)'; exits 0; says "NOTICE:  commit $(git --git-dir t.git rev-parse main)"
run revert t.git HEAD -m 'without five'; exits 0
[[ $(rows main) == '1 2 ' ]] || fail "revert left $(rows main)"
[[ $(git --git-dir t.git log -1 --format=%s main) == 'without five' ]] || fail "the revert's message"
run revert t.git nowhere; exits 18
run cherry-pick t.git main~1 --branch new; exits 0
[[ $(rows new) == '1 5 ' ]] || fail "cherry-pick left $(rows new)"
run rebase t.git main --branch new; exits 0
# As git does: what main holds already, though it was undone there, is not made again.
[[ $(rows new) == '1 2 ' ]] || fail "rebase left $(rows new)"
run sql t.git --branch new -c 'INSERT INTO t VALUES (6)'; exits 0
run squash t.git main --branch new -m 'five and six'; exits 0
[[ $(git --git-dir t.git rev-list --count main..new) -eq 1 ]] || fail "squash left $(git --git-dir t.git rev-list --count main..new) commits"
run reset t.git v1; exits 0
[[ $(rows main) == '1 2 ' && $(git --git-dir t.git rev-parse main) == $(git --git-dir t.git rev-parse v1^{}) ]] || fail "reset left $(rows main)"
run reflog t.git main; exits 0; shows 'moving to v1'
run reset t.git 'main@{1}'; exits 0
run sql t.git -c 'DELETE FROM t' -c 'CREATE TABLE u (a int PRIMARY KEY)'; exits 0
run restore t.git t --to v1; exits 0
[[ $(rows main) == '1 2 ' ]] || fail "restore left $(rows main)"
run restore t.git u --to v1; exits 10
run restore t.git --to v1; exits 0
run sql t.git -c 'SELECT * FROM u'; exits 10
run restore t.git; exits 2; says '--to is missing'
run restore t.git t --schema public --to v1; exits 2
run revert t.git HEAD --parent x; exits 2
run branch t.git --delete new; exits 3; says 'no other branch or tag reaches'
run branch t.git --delete new --force; exits 0
run reflog t.git new; exits 0; shows drop
run reflog t.git never; exits 18

run check t.git; exits 0; prints 'No problem found.'
git --git-dir t.git fsck --strict >/dev/null 2>&1 || fail "git fsck"
[[ -n $(git --git-dir t.git reflog show main) ]] || fail "git's own reflog is empty"

# A trial says that the merge would be refused, and over what.
"$rowan" init refused.git >/dev/null
"$rowan" sql refused.git -c 'CREATE TABLE k (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)' -c 'CREATE BRANCH bob' -c "INSERT INTO k (id, v) OVERRIDING SYSTEM VALUE VALUES (1, 'ours')" >/dev/null
"$rowan" sql refused.git --branch bob -c "INSERT INTO k (id, v) OVERRIDING SYSTEM VALUE VALUES (1, 'theirs')" >/dev/null
run sql refused.git -c 'MERGE bob DRY RUN'; exits 0; says 'would be refused, with 1 open conflict'; says 'public.k key 1'

run merge refused.git bob --dry-run; exits 1; says 'the merge would be refused, with 1 open conflict'
run merge refused.git bob --dry-run --renumber; exits 0
run merge refused.git bob --dry-run --policy manual; exits 1; says 'the merge would wait, with 1 open conflict'

# It lists what would be decided, of several branches too; and names a call that gives the same.
"$rowan" init decided.git >/dev/null
"$rowan" sql decided.git -c 'CREATE TABLE k (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)' -c "INSERT INTO k (v) VALUES ('base')" -c 'CREATE BRANCH bob' -c 'CREATE BRANCH carl' -c "UPDATE k SET v = 'ours'" -c "INSERT INTO k (id, v) OVERRIDING SYSTEM VALUE VALUES (2, 'new')" >/dev/null
"$rowan" sql decided.git --branch bob -c "UPDATE k SET v = 'bob'" -c "INSERT INTO k (id, v) OVERRIDING SYSTEM VALUE VALUES (2, 'newer')" >/dev/null
"$rowan" sql decided.git --branch carl -c 'CREATE TABLE other (id int PRIMARY KEY)' >/dev/null
run merge decided.git bob --dry-run --policy theirs --renumber; exits 0; says "rowan sql DIR -c \"SELECT * FROM rowan.merge_decisions('main', 'bob', 'theirs, renumber')\""
run sql decided.git -c "SELECT kind, merged FROM rowan.merge_decisions('HEAD', 'bob', 'theirs, renumber') ORDER BY kind DESC" --format csv; exits 0; shows 'renumbered key,'; shows 'both changed,bob'
run merge decided.git bob carl --dry-run --policy theirs --renumber; exits 0; says 'public.k key 1, v: ours on this branch, bob on the other; merged to bob (policy theirs)'
# Whether it goes through is no matter of what it says.
"$rowan" sql decided.git --branch carl -c "UPDATE k SET v = 'the merge would be refused'" >/dev/null
run merge decided.git carl --dry-run --policy theirs; exits 0; says 'merged to the merge would be refused'
run merge decided.git bob --policy theirs --renumber; exits 0; says 'public.k key 1, v: ours on this branch, bob on the other; merged to bob (policy theirs)'; says 'kept on record: rowan sql DIR -c "SELECT'

# So it is where the merge would break a constraint, or another one waits.
"$rowan" init broken.git >/dev/null
"$rowan" sql broken.git -c 'CREATE TABLE p (id int PRIMARY KEY)' -c 'INSERT INTO p VALUES (1)' -c 'CREATE TABLE c (p int REFERENCES p, k int PRIMARY KEY, v text)' -c "INSERT INTO c VALUES (NULL, 1, 'base')" -c 'CREATE BRANCH bob' -c 'DELETE FROM p' -c 'CREATE BRANCH fine' >/dev/null
"$rowan" sql broken.git --branch bob -c 'INSERT INTO c VALUES (1, 2)' >/dev/null
"$rowan" sql broken.git --branch fine -c "UPDATE c SET v = 'fine'" >/dev/null
run merge broken.git bob --dry-run; exits 1; says 'the merge would be refused, with 1 violated constraint'; says 'violates foreign key constraint'
run merge broken.git fine --dry-run; exits 0
"$rowan" sql broken.git -c "UPDATE c SET v = 'main'" >/dev/null
run merge broken.git fine --policy manual; exits 1
run merge broken.git fine --dry-run; exits 1; says 'the merge would be refused: a merge into branch "main" is pending'

# Hints name what the user has at hand: options of the commands here, words of SQL there.
run merge refused.git bob; exits 18; says '--policy manual lets you settle each; --renumber gives'
[[ $err != *WITH* ]] || fail "merge's hint speaks SQL: $err"
run sql refused.git -c 'MERGE bob'; exits 18; says 'MERGE … WITH MANUAL RESOLUTION lets you settle each; WITH RENUMBER gives'
run merge refused.git bob --renumber; exits 0
"$rowan" init both.git >/dev/null
"$rowan" sql both.git -c "CREATE TABLE k (id int PRIMARY KEY, v text MERGE RULE conflict)" -c "INSERT INTO k VALUES (1, 'base')" -c 'CREATE BRANCH bob' -c "UPDATE k SET v = 'ours'" >/dev/null
"$rowan" sql both.git --branch bob -c "UPDATE k SET v = 'theirs'" >/dev/null
run merge both.git bob; exits 18; says '--policy manual lets you settle each'
run merge both.git bob --policy manual; exits 1
run merge both.git bob; exits 3; says 'In rowan shell SHOW MERGE CONFLICTS'
run sql both.git -c 'MERGE bob'; exits 3; says 'HINT:  SHOW MERGE CONFLICTS'
run sql both.git -c 'ABORT MERGE'; exits 0
run foreign take both.git abcd; exits 18; says 'rowan foreign list DIR lists them'
run sql both.git -c "TAKE FOREIGN 'abcd'"; exits 18; says 'SHOW FOREIGN lists them'

# A tip beside ours that TAKE cannot merge: the hint goes a way that ends it.
git clone -q both.git work
# Its repository is read by the commands that only read; those that write say which one does.
for reading in 'log' 'branch' 'tag' 'reflog' 'foreign list'; do run $reading work/.git; exits 0; done
run diff work/.git 'HEAD~1' HEAD; exits 0
run merge work/.git bob; exits 3; says 'rowan sql --read-only'
git -C work -c user.name=x -c user.email=x@y commit -q --allow-empty -m 'nothing yet'
sed -i 's/"ours"/"pushed"/' work/public/k/rows/0.jsonl
git -C work -c user.name=x -c user.email=x@y commit -qam 'by hand'
"$rowan" sql both.git -c "UPDATE k SET v = 'later'" >/dev/null
git -C work push -q -f origin HEAD:main
tip=$(git -C work rev-parse HEAD)
run foreign list both.git; exits 0; shows "${tip:0:12}"
run foreign take both.git "$tip"; exits 18
says "rowan branch DIR NAME --from ${tip:0:12}, then rowan merge DIR NAME: --policy manual lets you settle each"
run sql both.git -c "TAKE FOREIGN '$tip'"; exits 18; says "CREATE BRANCH name FROM '${tip:0:12}', then MERGE name: MERGE … WITH MANUAL"
run branch both.git pushed --from "${tip:0:12}"; exits 0
run merge both.git pushed --policy manual; exits 1
run sql both.git -c 'RESOLVE CONFLICTS USING SOURCE' -c 'COMMIT MERGE'; exits 0
[[ $("$rowan" sql both.git --format csv -c 'SELECT v FROM k' | tail -1) == pushed ]] || fail "the foreign tip was not merged"
run foreign take both.git "$tip"; exits 3; says 'rowan foreign drop forgets it'
run foreign drop both.git "$tip"; exits 0

run sql t.git -c "SHOW STATUS"; exits 0; shows branch; shows packs

finish
