#!/usr/bin/env python3
"""Proves that a branch or a tag can be called by Rowan what stock git calls one, by every door that gives a name, and nothing else but
the names that read as another revision, which are listed; and what one name for a branch and a tag comes to.
    ref_names.py PATH-OF-ROWAN
"""
import os
import re
import subprocess
import sys
import tempfile

ROWAN = os.path.realpath(sys.argv[1])
FAILURES = []

# Git takes them (some versions of it) and Rowan does not: as a revision each means something else, or it is too long.
READ_AS_ELSE = ["HEAD", "@", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_HEAD", "REBASE_HEAD",
                "AUTO_MERGE", "refs/heads/main", "refs/tags/v1", "refs/x", "0123456789012345678901234567890123456789", "n" * 201]

NAMES = READ_AS_ELSE + [
    "plain", "Capital", "a/b/c", "feature-1", "v1.0", "x@y", "@x", "x@", "ünï", "名", "a'b", 'a"b', "{x}", "!x", "x!", "a%b", "a,b", "a;b",
    "head", "Head", "HEAD/x", "x/HEAD", "MY_HEADS", "_HEAD/x", "heads/x", "tags/x", "remotes/x/y", "stash", "0123abcd", "n" * 200, "x/-y", "select",
    "", "-", "--", "-x", "-x/y", "--force", "x.lock", "x.lock/y", "x/y.lock", "x.lock.y", ".x", "x/.y", "x.", "x./y", "x/", "/x", "x//y", "x..y",
    "x@{y", "@{x", "@{-1}", "x y", " x", "x ", "x~y", "x^", "x:y", "x?", "x*", "x[", "x]", "x\\y", "x\ty", "x\ny", "x\x01y", "x\x7fy", "HEAD~1",
    "main@{1}",
]

# What a command's words may hide; the statements behind them are tried with all names.
TYPED = ["plain", "", "-", "--", "-x", "--force", "HEAD", "@", "FETCH_HEAD", "refs/x", "a'b", 'a"b', "a;b", "x y", "x.lock", "ünï", "x@{y"]


def check(holds, text):
    if not holds:
        FAILURES.append(text)
        print("FAILED:", text)


def run(*words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=120, **more)


def ident(name):
    return '"' + name.replace('"', '""') + '"'


def literal(name):
    return "'" + name.replace("'", "''") + "'"


def git_takes(kind, names, existing=()):
    """Of the names those that `git branch` or `git tag` takes in a repository that has the existing ones."""
    taken = set()
    with tempfile.TemporaryDirectory() as folder:
        run("git", "init", "-q", "-b", "main", folder)
        run("git", "-C", folder, "commit", "-q", "--allow-empty", "-m", "x")
        for name in existing:
            run("git", "-C", folder, kind, name)
        for name in names:
            if run("git", "-C", folder, kind, "--", name).returncode == 0:
                taken.add(name)
                run("git", "-C", folder, "update-ref", "-d", ("refs/heads/" if kind == "branch" else "refs/tags/") + name)
    return taken


# What makes a branch or tag of a name, as SQL; what has to be said before and after.
BRANCH_DOORS = {
    "CREATE BRANCH": lambda name: f"CREATE BRANCH {ident(name)};",
    "CREATE BRANCH of a text": lambda name: f"CREATE BRANCH {literal(name)} FROM HEAD;",
    "CHECKOUT NEW": lambda name: f"CHECKOUT NEW {ident(name)}; CHECKOUT main;",
    "RENAME BRANCH": lambda name: f"CREATE BRANCH renamed; RENAME BRANCH renamed TO {ident(name)}; DROP BRANCH IF EXISTS renamed FORCE;",
    "rowan.create_branch": lambda name: f"SELECT * FROM rowan.create_branch({literal(name)});",
    "rowan.rename_branch": lambda name: f"CREATE BRANCH renamed; CALL rowan.rename_branch('renamed', {literal(name)}); DROP BRANCH IF EXISTS renamed FORCE;",
}
TAG_DOORS = {
    "CREATE TAG": lambda name: f"CREATE TAG {ident(name)};",
    "CREATE TAG with a message": lambda name: f"CREATE TAG {literal(name)} MESSAGE 'm';",
    "CREATE SNAPSHOT": lambda name: f"CREATE SNAPSHOT {ident(name)};",
    "rowan.tag": lambda name: f"CALL rowan.tag({literal(name)});",
}


def rowan_takes(folder, kind, make, names):
    """As git_takes, by statements; every refusal has a SQLSTATE."""
    script = []
    for i, name in enumerate(names):
        script += [make(name), f"SELECT 'made {i} end' AS made FROM rowan.{kind}{'es' if kind == 'branch' else 's'} WHERE {kind} = {literal(name)};",
                   f"DROP {kind} IF EXISTS {literal(name)}{' FORCE' if kind == 'branch' else ''};"]
    done = run(ROWAN, "shell", folder + "/t.git", input="\n".join(script))
    check("XX" not in re.findall(r"^ERROR:  (..)", done.stdout + done.stderr, re.M), f"an internal error: {done.stderr[:500]}")
    return {names[int(number)] for number in re.findall(r"made (\d+) end", done.stdout)}


def command_takes(folder, kind, names, renames=False):
    taken = set()
    for name in names:
        if renames:
            run(ROWAN, "branch", "t.git", "renamed", cwd=folder)
        words = ["--rename", "renamed", "t.git", "--", name] if renames else ["t.git", "--", name]
        done = run(ROWAN, kind, *words, cwd=folder)
        check(done.returncode == 0 or "42602" in done.stderr or "VC0" in done.stderr or name == "",
              f"rowan {kind} {name!r}: exit {done.returncode}: {done.stderr}")
        if done.returncode == 0:
            taken.add(name)
            run(ROWAN, "sql", "t.git", "-c", f"DROP {kind} {literal(name)}{' FORCE' if kind == 'branch' else ''}", cwd=folder)
        if renames:
            run(ROWAN, "branch", "t.git", "--delete", "renamed", "--force", cwd=folder)
    return taken


def compare(door, taken, wanted):
    for name in sorted(taken ^ wanted):
        check(False, f"{door} {'takes' if name in taken else 'refuses'} {name[:60]!r}")


def check_names(folder):
    typed = set(TYPED)
    for kind, doors in (("branch", BRANCH_DOORS), ("tag", TAG_DOORS)):
        wanted = git_takes(kind, NAMES) - set(READ_AS_ELSE)
        check("plain" in wanted and "x y" not in wanted, f"git takes {sorted(wanted)} as names of a {kind}")
        for door, make in doors.items():
            compare(door, rowan_takes(folder, kind, make, NAMES), wanted)
        compare(f"rowan {kind}", command_takes(folder, kind, TYPED), wanted & typed)
    compare("rowan branch --rename", command_takes(folder, "branch", TYPED, renames=True), git_takes("branch", TYPED) - set(READ_AS_ELSE))


# Git keeps a ref in a file: none can be a folder of another.
def check_folders(folder):
    names = ["main", "main/x", "dir", "dir/leaf", "dir/leaf/x", "dir/other", "dirs"]
    for kind, doors in (("branch", BRANCH_DOORS), ("tag", TAG_DOORS)):
        run(ROWAN, kind, "t.git", "dir/leaf", cwd=folder)
        wanted = git_takes(kind, names, ["dir/leaf"])
        for door, make in doors.items():
            # One that is there already is found and dropped by the next line, so it is left out.
            tried = [name for name in names if name not in ("main", "dir/leaf")]
            compare(door, rowan_takes(folder, kind, make, tried), wanted - {"main", "dir/leaf"})


def check_pushed(folder):
    """What a push calls a branch that it cannot be called here: parked, with the rule; a tag of that name changes no revision."""
    head = run("git", "rev-parse", "main", cwd=folder + "/t.git").stdout.strip()
    other = run("git", "commit-tree", "-m", "other", "main^{tree}", cwd=folder + "/t.git",
                env=dict(os.environ, GIT_AUTHOR_NAME="x", GIT_AUTHOR_EMAIL="x@x", GIT_COMMITTER_NAME="x", GIT_COMMITTER_EMAIL="x@x")).stdout.strip()
    for name in ("refs/heads/FETCH_HEAD", "refs/heads/refs/heads/main", "refs/tags/" + head):
        check(run("git", "update-ref", name, other, cwd=folder + "/t.git").returncode == 0, f"git does not make {name}")
    shown = run(ROWAN, "foreign", "list", "t.git", cwd=folder).stdout
    check("FETCH_HEAD" in shown and "refs/heads/main" in shown, f"not parked: {shown}")
    found = run(ROWAN, "sql", "t.git", "--format", "csv", "-c", f"SELECT \"commit\" FROM rowan.log('{head}') LIMIT 1", cwd=folder).stdout
    check(head in found, f"a tag called {head} changes what that id means: {found}")


def check_one_name(folder):
    """One name for a branch and a tag: told when it happens; the branch is read, and each has a name of its own, as in git."""
    script = """
        CREATE TABLE t (a int PRIMARY KEY); CREATE TAG twin; INSERT INTO t VALUES (1);
        CREATE BRANCH twin; CREATE TAG main; CREATE BRANCH old; RENAME BRANCH old TO main2; CREATE TAG new; CHECKOUT NEW new; CHECKOUT main;
        CREATE TAG last; CREATE BRANCH was; RENAME BRANCH was TO last; CREATE TAG alone; CREATE BRANCH lone;
        SELECT 'plain ' || (SELECT count(*) FROM t AS OF 'twin') || ', head ' || (SELECT count(*) FROM t AS OF 'heads/twin') || ', tag '
            || (SELECT count(*) FROM t AS OF 'tags/twin') || ', whole ' || (SELECT count(*) FROM t AS OF 'refs/tags/twin') AS counted;"""
    os.mkdir(folder + "/one")
    run(ROWAN, "init", "one/t.git", cwd=folder)
    done = run(ROWAN, "shell", "one/t.git", cwd=folder, input=script)
    told = re.findall(r'NOTICE:  "(\S+)" is a branch and a tag', done.stdout + done.stderr)
    check(told == ["twin", "main", "new", "last"], f"told of {told}: {done.stdout}{done.stderr}")
    check("plain 1, head 1, tag 0, whole 0" in done.stdout, f"revisions: {done.stdout}{done.stderr}")
    for spelling in ("heads/twin", "tags/twin"):
        ours = run(ROWAN, "sql", "one/t.git", "--format", "csv", "-c", f"SELECT \"commit\" FROM rowan.log('{spelling}') LIMIT 1", cwd=folder).stdout
        git = run("git", "rev-parse", spelling, cwd=folder + "/one/t.git").stdout.strip()
        check(git in ours, f"{spelling} is {ours}, and {git} for git")
    done = run(ROWAN, "branch", "one/t.git", "alone", cwd=folder)
    check(done.returncode == 0 and "NOTICE" in done.stdout + done.stderr, f"rowan branch says nothing of the tag: {done}")


def main():
    os.environ.update(GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8", GIT_AUTHOR_NAME="Ada", GIT_AUTHOR_EMAIL="ada@example.org",
                      GIT_COMMITTER_NAME="Ada", GIT_COMMITTER_EMAIL="ada@example.org")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        run(ROWAN, "init", "t.git", cwd=folder)
        check_names(folder)
        check_folders(folder)
        check_pushed(folder)
        check_one_name(folder)
    print(f"{len(FAILURES)} failed" if FAILURES else "all passed")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
