"""Proves docs/format.md: makes a repository with `rowan`, computes every tree of it from the rows alone, by the page,
and compares the ids with Git's. Also recomputes the page's test vectors.

usage: check_format.py ROWAN FORMAT_PAGE
"""

import datetime
import decimal
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import uuid

from rowan_format import Rules, Table, blob, escaped, format_text, hash64, is_passive, key_of, root_tree

failures = []


def expect(what, ours, theirs):
    if ours != theirs:
        failures.append(f"{what}: the page gives {ours}, found {theirs}")


def run(*words, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))[:200]} failed: {done.stderr.decode()}")
    return done.stdout


# ---- The tables -----------------------------------------------------------------------------------------------------

def d(text):
    return decimal.Decimal(text)


def item_rows():
    table = Table("item", [("id", "integer"), ("name", "text"), ("price", "numeric(10,2)"), ("weight", "double precision"),
                           ("made", "date"), ("sold", "boolean"), ("facts", "jsonb"), ("source", "json")], ["id"])
    rows = []
    for i in range(2000):
        weight = None if i % 7 == 0 else [i / 8, i * 1e13, i / 1e7, -i / 3][i % 4]
        made = None if i % 5 else datetime.date(1999, 12, 1) + datetime.timedelta(days=i)
        price = None if i % 3 == 0 else (d(i * 13) / 100).quantize(d("0.01"))
        facts = None if i % 6 else {"colour": ["red", i], "b": {"\u00e9": None, "zz": True}, "a": f'"{i}"', "": -i}
        rows.append((i * 37 - 9000, f'"{i}"\tof \\ {i % 91}\u00e9\x01', price, weight, made, None if i % 4 else i % 8 == 0,
                     facts, None if i % 9 else '{"b": 1,  "a":"\\u00e9"}'))
    return table, rows


def text_key_rows(rng):
    table = Table("place", [("note", "character varying(40)"), ("region", "text"), ("name", "text"), ("n", "bigint")],
                  ["region", "name", "n"])
    alphabet = "aZ09 -_~+/.\"\\\n\u00e9\u4e2d\U0001f600"
    keys = set()
    while len(keys) < 2000:
        word = "".join(rng.choice(alphabet) for _ in range(rng.randrange(6)))
        keys.add((rng.choice(["", "north", "North", "s\u00fcd"]), word, rng.randrange(-10**rng.randrange(1, 18), 10**rng.randrange(1, 18))))
    return table, [(None if n % 3 == 0 else f"note {n % 1000}", region, name, n) for region, name, n in keys]


def typed_key_rows(rng):
    table = Table("typed", [("a", "numeric"), ("b", "real"), ("c", "date"), ("d", "time(6) without time zone"),
                            ("e", "timestamp(6) with time zone"), ("f", "uuid"), ("g", "bytea"), ("h", "boolean"),
                            ("i", "double precision"), ("j", "character(4)"), ("k", "smallint")],
                  ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"])
    numerics = [d(t) for t in ["0", "0.00", "1", "-12.5", "0.0012", "1200", "-0.001", "99999999999999999999.5", "NaN", "Infinity", "-Infinity"]]
    base = datetime.datetime(1998, 1, 1)
    rows = []
    for n in range(400):
        moment = base + datetime.timedelta(days=rng.randrange(3000), microseconds=rng.randrange(86400) * 1000003)
        rows.append((rng.choice(numerics), rng.choice([0.0, 0.5, -1.5, 1048576.0, float("inf")]), moment.date(), moment.time(), moment,
                     uuid.UUID(int=rng.getrandbits(128)), rng.randbytes(n % 4), n % 2 == 0,
                     rng.choice([0.0, 0.1, -1e300, 5e-324, float("nan")]), "abcd"[: n % 4], n - 200))
    return table, rows


def long_key_rows():
    table = Table("long_key", [("k", "text"), ("v", "text")], ["k"])
    return table, [("p" * (150 + n % 3 * 60) + f"{n:04}" + "q" * 150, "v" * (n % 50)) for n in range(600)]


def large_rows(rng):
    table = Table("document", [("id", "bigint"), ("title", "text"), ("body", "text"), ("raw", "bytea"), ("facts", "jsonb")], ["id"])
    rows = []
    for n in range(300):
        sizes = [(8193, 10), (8192, 8192), (100, 100), (7000, 3000), (20000, 9000)][n % 5]
        facts = {"long": "x" * 9000, "n": [n, 1]} if n % 50 == 0 else None
        rows.append((n * n, f"title {n}", chr(97 + n % 26) * sizes[0], rng.randbytes(sizes[1]), facts))
    return table, rows


def keyless_rows():
    table = Table("event", [("kind", "text"), ("n", "integer")], [])
    rows = [(None, None)] * 3 + [("x", None)] * 2
    return table, rows + [(f"kind {n % 70}", n % 40) for n in range(2000)]


# ---- Making the repository ------------------------------------------------------------------------------------------

def sql_literal(sql_type, value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, dict):
        value = json.dumps(value)
    return "'" + str(value).replace("'", "''") + "'"


def insert_sql(table, rows):
    text = []
    for at in range(0, len(rows), 500):
        values = ["(" + ",".join(sql_literal(t, v) for (_, t), v in zip(table.columns, row)) + ")" for row in rows[at:at + 500]]
        text.append(f"INSERT INTO {table.name} VALUES {','.join(values)};\n")
    return "".join(text)


def create_sql(table):
    key = f", PRIMARY KEY ({', '.join(table.key)})" if table.key else ""
    return f"CREATE TABLE {table.name} (" + ", ".join(f"{n} {t}" for n, t in table.columns) + key + ");\n"


def fill(rowan, repository, tables, rng, then=""):
    """Rows arrive in random order and several commits; some come and go again, which must leave no trace."""
    script = []
    for table, rows in tables:
        rows = rows[:]
        rng.shuffle(rows)
        script.append(create_sql(table))
        half = len(rows) // 2
        script.append(insert_sql(table, rows[:half]))
        if table.key:
            script.append(f"DELETE FROM {table.name};\n" + insert_sql(table, rows[:half]))
        script.append(insert_sql(table, rows[half:]))
    script.append(then)
    run(rowan, "init", repository)
    run(rowan, "sql", repository, input="".join(script).encode())
    run(rowan, "checkpoint", repository)


# ---- Comparing ------------------------------------------------------------------------------------------------------

def git(repository, *words):
    return run("git", "--git-dir", repository, *words)


def compare(repository, rules, tables):
    for table, rows in tables:
        folder = "main:public/" + escaped(table.name.encode())
        expect(f"{table.name}/table.sql", table.sql(), git(repository, "cat-file", "blob", folder + "/table.sql").decode())
        pairs, large = table.lines(rows)
        ids = {line.split(b"\t")[1]: line.split()[2] for line in git(repository, "ls-tree", folder).splitlines()}
        expect(f"{table.name}/rows", rules.row_tree(pairs), ids[b"rows"].decode())
        if large:
            expect(f"{table.name}/large", rules.large_tree(large), ids[b"large"].decode())
        expect(f"{table.name}: large tree there", bool(large), b"large" in ids)
    entries = [table.entry(rules, rows) for table, rows in tables]
    features = set().union(*(table.features() for table, _ in tables))
    expect("the root tree", root_tree(entries, features=features), git(repository, "rev-parse", "main^{tree}").decode().strip())


def look_up(repository, table, key):
    """Finds a row's line as a reader does: down the tree by the entries' names, then through one leaf."""
    node = git(repository, "rev-parse", f"main:public/{escaped(table.name.encode())}/rows").decode().strip()
    while True:
        chosen = None
        for entry in git(repository, "ls-tree", node).decode().splitlines():
            kind, id, name = entry.split()[1:4]
            if chosen is None or name.removesuffix(".jsonl") <= key:
                chosen = (kind, id)
        node = chosen[1]
        if chosen[0] == "blob":
            return git(repository, "cat-file", "blob", node).decode().split("\n")[:-1]


def compare_look_ups(repository, tables, rng):
    for table, rows in tables:
        for key, line in rng.sample(table.lines(rows)[0], 5):
            expect(f"{table.name}: leaf of {key[:40]}", True, line in look_up(repository, table, key))


def compare_numbers(rowan, repository, rules):
    """The page's largest vector, as one statement and as a thousand rows changed afterwards."""
    run(rowan, "init", repository)
    run(rowan, "sql", repository, "-c", "CREATE TABLE t (id integer PRIMARY KEY, odd boolean)",
        "-c", "INSERT INTO t SELECT n, CASE WHEN n % 100 = 0 THEN true END FROM generate_series(100000, 1, -1) n",
        "-c", "UPDATE t SET odd = NULL WHERE odd")
    run(rowan, "checkpoint", repository)
    expect("100,000 numbers", rules.row_tree(numbers(100_000)), git(repository, "rev-parse", "main:public/t/rows").decode().strip())


# ---- Passive files --------------------------------------------------------------------------------------------------

FILES = {"README.md": ("100644", "# All items\n"), "LICENSE": ("100644", ""), ".github/workflows/check.yml": ("100644", "on: push\n"),
         ".github/run": ("100755", "#!/bin/sh\n"), "Docs/a.b/\u00e9": ("100644", b"\x00\xff")}


def compare_files(rowan, repository, rules, rng):
    """Files beside the data, written in SQL, stand in the tree byte for byte; what the page calls people's is listed, and no more."""
    placed = {**FILES, "public/README.md": ("100644", "the schema\n"), "public/item/README.md": ("100644", "the table\n")}
    writes = "".join(f"SELECT rowan.write_file('{path}', {content_sql(content)}, {'true' if mode == '100755' else 'false'});\n"
                     for path, (mode, content) in placed.items())
    fill(rowan, repository, [page_table()], rng, writes)
    table, rows = page_table()
    entry = table.entry(rules, rows, {"README.md": placed["public/item/README.md"]})
    expect("the tree with files", root_tree([entry], FILES, {"README.md": placed["public/README.md"]}),
           git(repository, "rev-parse", "main^{tree}").decode().strip())
    stored = git(repository, "ls-tree", "-r", "-z", "--name-only", "main").decode().split("\0")[:-1]
    listed = json.loads(run(rowan, "sql", repository, "--format", "json", "-c", "SELECT path FROM rowan.files"))
    expect("rowan.files", sorted(path for path in stored if is_passive(path)), sorted(row["path"] for row in listed))
    expect("passive paths", sorted([*placed, ".gitattributes"]), sorted(row["path"] for row in listed))


def content_sql(content):
    return sql_literal("bytea", content) + ("::bytea" if isinstance(content, bytes) else "::text")


# ---- The page's vectors ---------------------------------------------------------------------------------------------

def vectors(rules):
    """Every vector of the page as the text that must stand there."""
    for key, salt in (("d7167", 0), ("d7167", 1)):
        yield f'`hash64("{key}", {salt})` | `{hash64(key, salt):016x}`'
    keys = [("smallint", 0, "0"), ("integer", 7167, "7167"), ("integer", -7167, "-7167"), ("bigint", -2**63, str(-2**63)), ("text", "Ada 7", "'Ada 7'"),
            ("text", "\u00e9", "'\u00e9'"), ("text", "", "''"), ("bytea", b"\0\xff", "'\\x00ff'"), ("date", datetime.date(2000, 1, 11), "2000-01-11"),
            ("date", datetime.date(1999, 12, 31), "1999-12-31"), ("time without time zone", datetime.time(0, 0, 1), "00:00:01"),
            ("double precision", 1.0, "1.0"), ("double precision", -0.0, "-0.0"), ("double precision", float("nan"), "NaN"),
            ("interval", (1, 0, 0), "1 mon"), ("interval", (0, -1, 0), "-1 days"),
            ("numeric", d("12.50"), "12.50"), ("numeric", d("0.0012"), "0.0012"), ("numeric", d("-12.5"), "-12.5")]
    for sql_type, value, shown in keys:
        yield f"| {sql_type} | {shown} | `{key_of(sql_type, value)}` |"
    yield f"| none | `{format_text().strip()}` |"
    yield f"| `interval`, `functions` | `{format_text(['interval', 'functions']).strip()}` |"
    table, rows = page_table()
    pairs, _ = table.lines(rows)
    for key, line in pairs:
        yield f"| `{line}` | `{key}` |"
    (_, content), = rules.leaves(pairs)
    yield table.sql()
    for what, id in (("table.sql", blob(table.sql())), ("the leaf", blob(content)), ("rows", rules.row_tree(pairs)),
                     ("public/item", table.entry(rules, rows)[2]), ("the commit's tree", root_tree([table.entry(rules, rows)]))):
        yield f"| {what} | `{id}` |"
    for count in (1000, 100_000):
        pairs = numbers(count)
        yield f"| {count:,} | {len(rules.leaves(pairs))} | `{rules.row_tree(pairs)}` |"
    keyless = Table("t", [("n", "integer"), ("s", "text")], [])
    for key, line in keyless.lines([(1, "a")] * 3 + [(None, None)])[0]:
        yield f"| `{line}` | `{key}` |"


def numbers(count):
    return [(key_of("integer", n), f"[{n}]") for n in range(1, count + 1)]


def page_table():
    table = Table("item", [("id", "integer"), ("name", "text"), ("price", "numeric(10,2)"), ("seen", "date")], ["id"])
    return table, [(42, "Ada \"A\"", d("5.00"), datetime.date(2024, 2, 29)), (7, "\u00e9t\u00e9", None, None), (-7167, None, d("0.50"), None)]


def main():
    rowan, page_path = sys.argv[1:]
    page = pathlib.Path(page_path).read_text()
    rules = Rules(page)
    rng = random.Random(20240229)
    for vector in vectors(rules):
        if vector not in page:
            failures.append("docs/format.md lacks this vector: " + vector)
    tables = [item_rows(), text_key_rows(rng), typed_key_rows(rng), long_key_rows(), large_rows(rng), keyless_rows()]
    work = pathlib.Path(tempfile.mkdtemp(prefix="rowan-format-"))
    try:
        there_and_back = ("UPDATE item SET name = name || '!' WHERE id % 3 = 0;\n"
                          "UPDATE item SET name = left(name, length(name) - 1) WHERE id % 3 = 0;\n")
        fill(rowan, work / "all.git", tables, rng, there_and_back)
        compare(work / "all.git", rules, tables)
        compare_look_ups(work / "all.git", tables, rng)
        fill(rowan, work / "page.git", [page_table()], rng)
        compare(work / "page.git", rules, [page_table()])
        compare_numbers(rowan, work / "numbers.git", rules)
        compare_files(rowan, work / "files.git", rules, rng)
    finally:
        shutil.rmtree(work)
    print("\n".join(failures) or f"{sum(len(rows) for _, rows in tables)} rows in {len(tables)} tables: every id is the page's")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
