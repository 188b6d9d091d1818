# Proves: who a commit says made it is whom Git would name: the environment, the repository's settings, the user's own, else the
# system user; and settings run nothing.
source "$(dirname "$0")/lib.sh"
unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL EMAIL
export GIT_CONFIG_NOSYSTEM=1 XDG_CONFIG_HOME=$work/xdg
author() { git -C t.git log -1 --format='%an <%ae>|%cn <%ce>' main; }
made_by() {  # WHAT AUTHOR: the next commit's.
  run sql t.git -c "UPDATE t SET n = n + 1"; exits 0
  [[ $(author) == "$2|$2" ]] || fail "$1: the author is $(author), not $2"
}

run init t.git
sql() { run sql t.git "$@"; }
sql -c "CREATE TABLE t (n int); INSERT INTO t VALUES (1)"; exits 0
made_by "nobody is named" "$(id -un) <$(id -un)@localhost>"

git config --global user.name "Global Name"
git config --global user.email global@example.org
made_by "the user's settings" "Global Name <global@example.org>"

git -C t.git config user.name "Local Name"
made_by "the repository's before the user's" "Local Name <global@example.org>"
git -C t.git config author.email author@example.org
made_by "author.email before user.email" "Local Name <author@example.org>"

# What the user's own settings include counts; what the repository's name is neither opened nor run.
printf '[user]\n\temail = included@example.org\n' > more.config
git -C t.git config --unset author.email
git -C t.git config include.path "$work/more.config"
git -C t.git config core.fsmonitor "touch $work/ran"
git -C t.git config core.sshCommand "touch $work/ran"
made_by "the repository's include" "Local Name <global@example.org>"
git config --global include.path "$work/more.config"
made_by "the user's include" "Local Name <included@example.org>"
[[ ! -e ran ]] || fail "a setting was run"

export GIT_AUTHOR_NAME="Env Name"
made_by "the environment's name" "Env Name <included@example.org>"
export GIT_AUTHOR_EMAIL=env@example.org
made_by "the environment before all" "Env Name <env@example.org>"
unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL

# The first commit as well; an empty setting names nobody.
run init u.git
[[ $(git -C u.git log -1 --format=%an main) == "Global Name" ]] || fail "init: $(git -C u.git log -1 --format=%an main)"
git config --global user.name ""
git -C t.git config --unset user.name
made_by "an empty name" "$(id -un) <included@example.org>"

finish
