# Proves: a folder that was somebody else's makes no commits in their name, and what it says of its branches holds on and is said.
source "$(dirname "$0")/lib.sh"
unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL EMAIL
export GIT_CONFIG_NOSYSTEM=1
run init t.git
run sql t.git -c "CREATE TABLE t (n int); INSERT INTO t VALUES (1); CREATE BRANCH free; PROTECT BRANCH main"; exits 0
git -C t.git config user.name "Mallory Before"
git -C t.git config user.email mallory@example.org
git -C t.git config author.name "Mallory Author"
git -C t.git config author.email author@example.org
git -C t.git config rowan.maxClockSkew '100 years'
git -C t.git config core.sshCommand "touch $work/ran"

run adopt t.git; exits 0
for setting in user.name user.email author.name author.email rowan.maxclockskew core.sshcommand; do shows "$setting"; done
[[ $(grep -ic mallory t.git/config) -eq 0 ]] || fail "adopt leaves the owner in $(cat t.git/config)"
shows "Protected still, until UNPROTECT BRANCH: main."
[[ $out != *"history policy"* ]] || fail "adopt speaks of a policy that no branch has"

git config --global user.name "New Owner"
git config --global user.email new@example.org
run sql t.git --branch free -c "UPDATE t SET n = 2"; exits 0
[[ $(git -C t.git log -1 --format='%an <%ae>|%cn <%ce>' free) == "New Owner <new@example.org>|New Owner <new@example.org>" ]] ||
  fail "the author is $(git -C t.git log -1 --format='%an <%ae>' free)"
run sql t.git -c "INSERT INTO t VALUES (3)"; says "protected"
run sql t.git -c "UNPROTECT BRANCH main; INSERT INTO t VALUES (3)"; exits 0

# Addresses that would run a program go as well, and those that git reads itself stay.
for name in ext odd dash branch plain local scp; do git -C t.git remote add "$name" https://example.org/x.git; done
git -C t.git config remote.ext.url "ext::sh -c 'touch $work/ran'"
git -C t.git config remote.odd.url "odd://example.org/x"
git -C t.git config remote.dash.url "ssh://-oProxyCommand=touch/x"
git -C t.git config branch.main.remote "ext::sh -c 'touch $work/ran'"
git -C t.git config remote.local.url "/srv/other.git"
git -C t.git config remote.scp.url "git@example.org:x.git"
git -C t.git config url.ext::sh.insteadOf https://example.org/
git -C t.git config credential.helper "!touch $work/ran"
git -C t.git config filter.rowan.smudge "touch $work/ran"
git -C t.git config include.path "$work/other"
git -C t.git config core.hooksPath "$work/hooks"
run adopt t.git; exits 0
for setting in remote.ext.url remote.odd.url remote.dash.url branch.main.remote url.ext::sh.insteadof credential.helper filter.rowan.smudge include.path core.hookspath; do
  shows "$setting"
  [[ -z $(git -C t.git config --local "$setting") ]] || fail "adopt leaves $setting"
done
for name in plain local scp; do git -C t.git config "remote.$name.url" >/dev/null || fail "adopt drops remote.$name.url"; done

run sql t.git -c "ALTER BRANCH free SET HISTORY POLICY EVERY '1 hour' KEEP '30 days'"; exits 0
run adopt t.git; exits 0
[[ $out != *"Protected still"* ]] || fail "adopt speaks of protection that is lifted"
shows "With a history policy still: free."
finish
