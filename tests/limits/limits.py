"""Every limit of src/base/limits.h at its edge: at the limit it works, one beyond is refused with a SQLSTATE and nothing is
lost, and `rowan check` and `git fsck` are content afterwards. Once by SQL, once by trees that git pushes. A limit that is
neither tried here nor named below with the place that tries it fails the run.

usage: limits.py ROWAN LIMITS_H [ONLY]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ELSEWHERE = {  # What is no bound of what comes in, or is tried where it can be reached.
    "kFormatVersion": "tests/compat, tests/git/process_test.cc",
    "kLeafTargetBytes": "aimed at", "kInteriorTargetBytes": "aimed at", "kLargeValueBytes": "a form: kValueBytesMax",
    "kLineSoftBytes": "a form: tests/sql/dml/large_values.test", "kBatchRows": "aimed at", "kBatchTextBytes": "tests/sql/errors/memory.test",
    "kNodeNameBytesMax": "kLeafBytesMax", "kDirectoryEntriesMax": "tests/unit/tree/tree_test.cc",
    "kForeignNodesMax": "tests/git/foreign_bounds_test.cc", "kForeignBytesMax": "tests/git/foreign_bounds_test.cc",
    "kForeignRepeatsMax": "tests/git/foreign_bounds_test.cc", "kForeignRepeatedBytesMax": "tests/git/foreign_bounds_test.cc",
    "kForeignSecondsMax": "tests/git/foreign_bounds_test.cc",
    "kParserDepthMax": "tests/unit/engine/nesting_test.cc", "kExpressionDepthMax": "tests/unit/engine/nesting_test.cc",
    "kCopiedNodesMax": "tests/sql/errors/too_complex.test",
    "kWorkMemDefault": "tests/sql/errors/memory.test",
    "kJournalFirstFileBytes": "a size", "kJournalFileBytes": "a size", "kJournalFilesMax": "tests/unit/store/git_store_test.cc",
    "kJournalObjectBytesMax": "a form: kValueBytesMax is above it", "kObjectBytesMax": "no object of ours is as large; tests/unit/store/pack_test.cc",
    "kRefsFileBytesMax": "tests/attack (a file with a hole)", "kDeltaChainMax": "tests/unit/store/pack_test.cc",
    "kPacksMax": "aimed at", "kMergedObjectsMax": "a size", "kCheckpointCommits": "aimed at",
    "kUnpublishedBytesMax": "tests/unit/store/git_store_test.cc", "kNodeCacheBytesDefault": "a size",
}

failures = []


def expect(holds, *words):
    if not holds:
        failures.append(" ".join(str(word) for word in words)[:600])
        print("FAILED:", failures[-1], flush=True)


class Ended:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.state = (re.findall(r"ERROR:? +([0-9A-Z]{5})", self.err) or re.findall(r"\b([0-9A-Z]{5})\b", self.err) or [""])[0]

    def __str__(self):
        return f"exit {self.code}, {self.out[-200:]!r}, {self.err[:300]!r}"


class World:
    def __init__(self, rowan):
        self.rowan = os.path.realpath(rowan)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rowan-limits-")).resolve()
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
                            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
                            "GIT_COMMITTER_EMAIL": "ada@example.org"}
        self.number = 0

    def run(self, *words):
        return Ended(subprocess.run([self.rowan, *map(str, words)], capture_output=True, text=True, errors="replace",
                                    cwd=self.root, env=self.environment))

    def sql(self, folder, sql, *options):
        script = self.root / "script.sql"
        script.write_text(sql + ";\n")
        return self.run("sql", folder, "--format", "csv", *options, "-f", script)

    def fresh(self):
        self.number += 1
        folder = self.root / f"r{self.number}.git"
        assert self.run("init", folder).code == 0
        ended = self.sql(folder, "CREATE TABLE kept (id integer PRIMARY KEY); INSERT INTO kept VALUES (1), (2), (3)")
        assert ended.code == 0, ended
        return folder

    def git(self, folder, *words, given=None):
        done = subprocess.run(["git", "--git-dir", str(folder), *words], capture_output=True, input=given, env=self.environment)
        assert done.returncode == 0, (words, done.stderr[-300:])
        return done.stdout.decode().strip()

    def is_well(self, folder, what):
        ended = self.sql(folder, "SELECT count(*) FROM kept")
        expect(ended.out.splitlines()[-1:] == ["3"], what, "lost rows:", ended)
        ended = self.run("check", folder)
        expect(ended.code == 0, what, "check:", ended)
        done = subprocess.run(["git", "--git-dir", str(folder), "fsck", "--strict"], capture_output=True, env=self.environment)
        expect(done.returncode == 0, what, "fsck:", done.stderr[-300:])
        shutil.rmtree(folder)


# ---- By SQL ---------------------------------------------------------------------------------------------------------
# Each gives the statements for a size; `state` is what one beyond ends with.

def columns(n):
    return f"CREATE TABLE t ({', '.join(f'c{i} integer' for i in range(n))}); INSERT INTO t (c{n - 1}) VALUES (7)"


def key_columns(n):
    return (f"CREATE TABLE t ({', '.join(f'c{i} integer' for i in range(n))}, PRIMARY KEY ({', '.join(f'c{i}' for i in range(n))}));"
            f"INSERT INTO t VALUES ({', '.join(str(i) for i in range(n))})")


def schemas(n):  # "public" is one.
    return "BEGIN;" + ";".join(f"CREATE SCHEMA s{i}" for i in range(n - 1)) + ";COMMIT"


def passive_path(n):
    parts = ["A" * 200] * (n // 201 + 1)
    return "/".join(parts)[:n - 1] + "z"


def statement(n):  # With the semicolon behind it.
    return "SELECT 1 /*" + "x" * (n - 14) + "*/"


def with_references(n):  # b asks for a 99 times; c for b, each of them once more.
    first = " UNION ALL ".join(["SELECT x FROM a"] * 99)
    calls = n // 100
    rest = n - calls * 100
    second = " UNION ALL ".join(["SELECT x FROM b"] * calls + ["SELECT x FROM a"] * rest)
    return f"WITH a AS (SELECT 1 AS x), b AS ({first}) SELECT count(*) FROM ({second}) q"


def value(n):
    return ("CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'first');"
            f"INSERT INTO t SELECT 2, repeat('x', {n - 1}) || 'y'")


BY_SQL = {
    "kColumnsMax": (columns, "54011"),
    "kIndexColumnsMax": (key_columns, "54011"),
    "kSchemasMax": (schemas, "54000"),
    "kStatementBytesMax": (statement, "54000"),
    "kFromTablesMax": (lambda n: f"SELECT count(*) FROM {', '.join(f'(SELECT 1) t{i}' for i in range(n))}", "54001"),
    "kWithReferencesMax": (with_references, "54001"),
    "kValueBytesMax": (value, "54000"),
    "kPassiveFileBytesMax": (lambda n: f"SELECT rowan.write_file('README.md', repeat('x', {n}))", "54000"),
    # .gitattributes is one of them.
    "kPassiveFilesMax": (lambda n: f"SELECT count(rowan.write_file('F' || i, 'x')) FROM generate_series(2, {n}) AS g(i)", "54000"),
    "kPassivePathBytesMax": (lambda n: f"SELECT rowan.write_file('{passive_path(n)}', 'x')", "54000"),
    "kPassiveNameBytesMax": (lambda n: f"SELECT rowan.write_file('{'A' * n}', 'x')", "54000"),
    "kPassiveFolderDepthMax": (lambda n: f"SELECT rowan.write_file('A{'/a' * n}', 'x')", "54000"),
}


def check_by_sql(world, name, limit):
    make, state = BY_SQL[name]
    folder = world.fresh()
    ended = world.sql(folder, make(limit))
    expect(ended.code == 0, name, f"at {limit}:", ended)
    world.is_well(folder, f"{name} at {limit}:")
    folder = world.fresh()
    ended = world.sql(folder, make(limit + 1))
    expect(ended.code >= 10 and state in ended.err and "XX" not in ended.state, name, f"at {limit + 1}:", ended)
    world.is_well(folder, f"{name} at {limit + 1}:")


def find_edge(world, name, make, below, above, state):
    """The greatest size that is taken; what is beyond is refused with `state`."""
    folder = world.fresh()
    while above - below > 1:
        size = (below + above) // 2
        ended = world.sql(folder, make(size))
        if ended.code == 0:
            below = size
        else:
            expect(state in ended.err, name, f"with {size}:", ended)
            above = size
        world.sql(folder, "DROP TABLE IF EXISTS t")
    ended = world.sql(folder, f"DROP TABLE IF EXISTS t; {make(below)}")
    expect(ended.code == 0, name, f"with {below}:", ended)
    ended = world.sql(folder, f"DROP TABLE t; {make(above)}")
    expect(ended.code >= 10 and state in ended.err, name, f"with {above}:", ended)
    world.is_well(folder, f"{name} with {below} and {above}:")
    return below


def check_lines(world, limit):
    def make(n):
        return f"CREATE TABLE t (k text PRIMARY KEY, v text); INSERT INTO t SELECT repeat('k', {n}), 'v'"
    edge = find_edge(world, "kLineBytesMax", make, 1, 2 * limit, "54000")
    expect(limit - 64 <= edge <= limit, "kLineBytesMax: a key of", edge, "bytes")


def check_leaves(world, limit):
    def make(n):
        return ("CREATE TABLE t (k text PRIMARY KEY, v text);"
                f"INSERT INTO t SELECT repeat('k', 300) || i, repeat('v', 5000) FROM generate_series(1, {n}) AS g(i)")
    edge = find_edge(world, "kLeafBytesMax", make, 1, 1000, "54000")
    expect(limit - 2 * 5400 <= edge * 5320 <= limit, "kLeafBytesMax:", edge, "rows")


def check_names(world, limit):
    folder = world.fresh()
    long, longer = "n" * limit, "n" * limit + "m"
    ended = world.sql(folder, f"CREATE TABLE {long} ({long} integer PRIMARY KEY, b integer); CREATE INDEX ON {long} (b);"
                              f"INSERT INTO {longer} VALUES (1, 2); SELECT {longer} FROM {longer}")
    expect(ended.code == 0 and ended.out.splitlines()[-2:] == [long, "1"], "kIdentifierBytesMax: cut as by PostgreSQL:", ended)
    ended = world.sql(folder, f"CREATE TABLE {longer} (a integer)")
    expect("42P07" in ended.err, "kIdentifierBytesMax: a longer name is the same one:", ended)
    world.is_well(folder, "kIdentifierBytesMax:")


def check_parameters(world, limit):
    folder = world.fresh()
    ended = world.sql(folder, f"SELECT ${limit}::integer")
    expect("54000" not in ended.err and "XX" not in ended.state, "kParametersMax at the limit:", ended)
    ended = world.sql(folder, f"SELECT ${limit + 1}::integer")
    expect("54000" in ended.err, "kParametersMax beyond:", ended)
    world.is_well(folder, "kParametersMax:")


def check_bodies(world, limit):
    folder = world.fresh()
    for size in (limit - 100, limit, limit + 1, 4 * limit):
        ended = world.sql(folder, f"SET commit_statement = full; INSERT INTO kept SELECT 99 WHERE '{'x' * size}' <> ''; DELETE FROM kept WHERE id = 99")
        expect(ended.code == 0, "kCommitBodyBytesMax:", size, ended)
    longest = max(len(world.git(folder, "log", "-1", "--format=%B", commit)) for commit in world.git(folder, "rev-list", "main").split())
    expect(limit * 0.9 < longest < limit + 400, "kCommitBodyBytesMax: the longest message has", longest)
    world.is_well(folder, "kCommitBodyBytesMax:")


def check_workspaces(world, rows, megabytes):
    folder = world.fresh()
    ended = world.sql(folder, f"""BEGIN; CREATE TABLE t (id integer PRIMARY KEY, v text);
        INSERT INTO t SELECT i, 'v' FROM generate_series(1, {rows}) AS g(i); SAVEPOINT a;
        INSERT INTO t VALUES ({rows + 1}, 'v'); UPDATE t SET v = 'w' WHERE id <= 2; ROLLBACK TO a; COMMIT;
        CREATE TABLE u (id integer PRIMARY KEY, v text);
        INSERT INTO u SELECT i, repeat('v', 8000) FROM generate_series(1, {(megabytes >> 13) + 2000}) AS g(i);
        SELECT count(*), count(DISTINCT v) FROM t""")
    expect(ended.code == 0 and ended.out.splitlines()[-1:] == [f"{rows},1"], "kWorkspaceRowsMax, kWorkspaceBytesMax:", ended)
    world.is_well(folder, "kWorkspaceRowsMax:")


def check_replays(world, limit):
    """Commits that change nothing, by fast-import: so many of Rowan's own would take minutes."""
    folder = world.fresh()
    main = world.git(folder, "rev-parse", "main")
    commands = f"reset refs/heads/main\nfrom {main}\n\n"
    commands += "".join(f"commit refs/heads/main\ncommitter A <a@b> {1_700_000_000 + i} +0000\ndata 1\nx\n" for i in range(limit + 1))
    world.git(folder, "fast-import", "--quiet", given=commands.encode())
    ended = world.sql(folder, f"REVERT 'HEAD~{limit}..HEAD'")
    expect(ended.code == 0 and f"and {limit - 5} more change nothing here" in ended.err, f"kReplayedCommitsMax at {limit}:", ended)
    half = limit // 2
    for beyond in (f"REVERT 'HEAD~{limit + 1}..HEAD'", f"CHERRY-PICK 'HEAD~{limit + 1}..HEAD'",
                   f"REVERT 'HEAD~{half}..HEAD', 'HEAD~{half}..HEAD', 'HEAD'"):
        ended = world.sql(folder, beyond)
        expect(ended.code >= 10 and "54000" in ended.err, "kReplayedCommitsMax beyond:", beyond, ended)
    ended = world.sql(folder, f"CREATE BRANCH low FROM 'HEAD~{limit + 1}'; CHECKOUT low; INSERT INTO kept VALUES (4); CHECKOUT main; REBASE low")
    expect(ended.code >= 10 and "54000" in ended.err, "kReplayedCommitsMax beyond, REBASE:", ended)
    ended = world.sql(folder, "SELECT count(*) FROM kept")
    expect(ended.out.splitlines()[-1:] == ["3"], "kReplayedCommitsMax: lost rows:", ended)
    shutil.rmtree(folder)


# ---- By a push ------------------------------------------------------------------------------------------------------

class Pushed:
    """A commit on top of main, made of objects that git writes."""

    def __init__(self, world):
        self.world, self.folder = world, world.fresh()
        self.main = world.git(self.folder, "rev-parse", "main")

    def blob(self, data):
        return self.world.git(self.folder, "hash-object", "-w", "--stdin", given=data if isinstance(data, bytes) else data.encode())

    def tree(self, entries):
        lines = "".join(f"{'040000 tree' if kind == 'tree' else '100644 blob'} {oid}\t{name}\0" for kind, oid, name in entries)
        return self.world.git(self.folder, "mktree", "-z", given=lines.encode())

    def entries(self, path):
        found = []
        for line in self.world.git(self.folder, "ls-tree", self.main + (":" + path if path else "")).splitlines():
            mode, kind, rest = line.split(" ", 2)
            oid, name = rest.split("\t")
            found.append((kind, oid, name))
        return found

    def with_files(self, files):
        """Files by path, in folders of their own beside the data."""
        tree = {}
        for path, oid in files:
            at = tree
            *folders, name = path.split("/")
            for part in folders:
                at = at.setdefault(part, {})
            at[name] = oid
        return self.entries("") + self.level(tree)

    def level(self, tree):
        return [("tree", self.tree(self.level(what)), name) if isinstance(what, dict) else ("blob", what, name)
                for name, what in tree.items()]

    def with_table(self, name, sql, rows=None):
        parts = [("blob", self.blob(sql), "table.sql")]
        if rows is not None:
            parts.append(("tree", self.tree([("blob", self.blob(rows), "0.jsonl")]), "rows"))
        public = self.tree(self.entries("public") + [("tree", self.tree(parts), name)])
        return [each for each in self.entries("") if each[2] != "public"] + [("tree", public, "public")]

    def push(self, entries):
        commit = self.world.git(self.folder, "commit-tree", "-m", "by hand", "-p", self.main, self.tree(entries))
        self.world.git(self.folder, "update-ref", "refs/heads/main", commit)
        return commit


def check_push(world, what, make, limit, reason=""):
    for size in (limit, limit + 1):
        pushed = Pushed(world)
        commit = pushed.push(make(pushed, size))
        began = time.monotonic()
        ended = world.run("foreign", "list", pushed.folder)
        seconds = time.monotonic() - began
        is_parked = commit[:8] in ended.out
        expect(is_parked == (size > limit), f"a push with {what} {size}:", "parked" if is_parked else "taken", ended)
        expect(seconds < 60, f"a push with {what} {size} took {seconds:.0f} s")
        if is_parked:
            shown = world.run("foreign", "show", pushed.folder, commit)
            expect("54" in shown.out or "VC008" in shown.out, f"a push with {what} {size}: its reason", shown)
            expect(reason in shown.out, f"a push with {what} {size}: its reason", shown)
        world.is_well(pushed.folder, f"a push with {what} {size}:")


def table_sql(name, columns_text):
    return f"CREATE TABLE public.{name} (\n  {columns_text}\n);\n"


def pushed_rows(bytes_of_leaf):
    """Lines of one leaf, of so many bytes together: spelled freely, since no leaf of ours is as large."""
    lines, size, number = [], 0, 0
    while bytes_of_leaf - size > 40:
        room = min(bytes_of_leaf - size, 1000)
        if bytes_of_leaf - size - room < 40:
            room = bytes_of_leaf - size
        head = f"[{1_000_000 + number},\""
        lines.append(head + "x" * (room - len(head) - 3) + "\"]\n")
        size, number = size + room, number + 1
    return "".join(lines)


def pushes(limits):
    key = "id integer NOT NULL, v text, PRIMARY KEY (id)"
    return {
        "kColumnsMax": ("columns", lambda it, n: it.with_table("t", table_sql("t", ", ".join(f"c{i} integer" for i in range(n))))),
        "kIndexColumnsMax": ("key columns", lambda it, n: it.with_table("t", table_sql(
            "t", ", ".join(f"c{i} integer NOT NULL" for i in range(n)) + f", PRIMARY KEY ({', '.join(f'c{i}' for i in range(n))})"))),
        "kIdentifierBytesMax": ("bytes of a name", lambda it, n: it.with_table("n" * n, table_sql("n" * n, key))),
        "kSchemasMax": ("schemas", lambda it, n: it.entries("") + [
            ("tree", it.tree([("blob", it.blob(f"CREATE SCHEMA s{i};\n"), "schema.sql")]), f"s{i}") for i in range(n - 1)]),
        "kPassiveFileBytesMax": ("bytes of a file", lambda it, n: it.with_files([("README.md", it.blob("x" * n))])),
        "kPassiveFilesMax": ("files", lambda it, n: it.with_files([(f"F{i}", it.blob("x")) for i in range(n - 1)])),
        "kPassivePathBytesMax": ("bytes of a path", lambda it, n: it.with_files([(passive_path(n), it.blob("x"))])),
        "kPassiveNameBytesMax": ("bytes of a file's name", lambda it, n: it.with_files([("A" * n, it.blob("x"))])),
        "kPassiveFolderDepthMax": ("folders", lambda it, n: it.with_files([("A" + "/a" * n, it.blob("x"))])),
        "kLeafBytesMax": ("bytes of a leaf", lambda it, n: it.with_table("t", table_sql("t", key), pushed_rows(n))),
        "kSchemaObjectsMax": ("tables", many_tables),
    }


def many_tables(it, n):
    """By fast-import, which packs what it makes: that many loose objects take minutes."""
    kept = next(oid for kind, oid, name in it.entries("public/kept") if name == "table.sql")
    text = it.world.git(it.folder, "cat-file", "blob", kept) + "\n"
    commands = f"commit refs/scratch/tables\ncommitter A <a@b> 1700000000 +0000\ndata 0\nfrom {it.main}\n"
    for i in range(n - 1):
        table = re.sub("kept", f"t{i}", text)
        commands += f"M 100644 inline public/t{i}/table.sql\ndata {len(table)}\n{table}\n"
    it.world.git(it.folder, "fast-import", "--quiet", given=commands.encode())
    public = it.world.git(it.folder, "rev-parse", "refs/scratch/tables:public")
    it.world.git(it.folder, "update-ref", "-d", "refs/scratch/tables")
    return [each for each in it.entries("") if each[2] != "public"] + [("tree", public, "public")]


def read_limits(path):
    text = re.sub(r"//.*", "", pathlib.Path(path).read_text())
    found = {}
    for name, value in re.findall(r"inline constexpr \w+\s+(k\w+)\s*=\s*([^;]+);", text):
        found[name] = eval(re.sub(r"(?<=\d)(ull|u)\b|'", "", " ".join(value.split())))  # Numbers and shifts.
    return found


def main():
    limits = read_limits(sys.argv[2])
    only = sys.argv[3] if len(sys.argv) > 3 else ""
    world = World(sys.argv[1])
    parts = {name: [lambda name=name: check_by_sql(world, name, limits[name])] for name in BY_SQL}
    parts["kLineBytesMax"] = [lambda: check_lines(world, limits["kLineBytesMax"])]
    parts["kLeafBytesMax"] = [lambda: check_leaves(world, limits["kLeafBytesMax"])]
    parts["kIdentifierBytesMax"] = [lambda: check_names(world, limits["kIdentifierBytesMax"])]
    parts["kParametersMax"] = [lambda: check_parameters(world, limits["kParametersMax"])]
    parts["kCommitBodyBytesMax"] = [lambda: check_bodies(world, limits["kCommitBodyBytesMax"])]
    parts["kWorkspaceRowsMax"] = [lambda: check_workspaces(world, limits["kWorkspaceRowsMax"], limits["kWorkspaceBytesMax"])]
    parts["kWorkspaceBytesMax"] = []
    parts["kReplayedCommitsMax"] = [lambda: check_replays(world, limits["kReplayedCommitsMax"])]
    for name, (what, make) in pushes(limits).items():
        parts.setdefault(name, []).append(lambda what=what, make=make, name=name: check_push(world, what, make, limits[name]))
    for name in limits:
        expect(name in parts or name in ELSEWHERE, name, "is tried nowhere")
    for name in [*parts, *ELSEWHERE]:
        expect(name in limits, name, "is no limit any more")
    try:
        for name, checks in parts.items():
            if only and only != name:
                continue
            began = time.monotonic()
            for check in checks:
                check()
            print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    finally:
        shutil.rmtree(world.root, ignore_errors=True)
    if failures:
        sys.exit(f"{len(failures)} failed")
    print("all passed")


main()
