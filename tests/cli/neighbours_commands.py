#!/usr/bin/env python3
"""Proves that every command says and does the same alone, beside `rowan serve`, and beside a shell: exit code, output and errors,
on repositories that were made alike. What needs the repository for itself is refused with 55006, which names who has it.
    neighbours_commands.py PATH-OF-ROWAN [PART…]
"""
import gzip
import os
import re
import subprocess

from shells import ROWAN, Serving, Shell, check, expect, place, prove_sound, run, run_parts, sql, writer_of

MADE = [
    "CREATE TABLE t (id int PRIMARY KEY, v text)",
    "CREATE TABLE item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price numeric(10, 2) CHECK (price > 0), at date)",
    "CREATE VIEW w AS SELECT id FROM t",
    "INSERT INTO t VALUES (1, 'one')",
    "INSERT INTO item (price, at) VALUES (1.5, '2026-01-02'), (2.25, NULL)",
    "CREATE BRANCH side", "CREATE BRANCH kept", "CREATE TAG v1", "PROTECT BRANCH kept",
]

# A command a line, in the order in which they run; what stands behind `<` is its standard input.
COMMANDS = r"""
sql t.git -c 'SELECT * FROM t' -c 'SELECT price, at FROM item ORDER BY id'
sql t.git --format csv -c 'SELECT * FROM item ORDER BY id'
sql t.git --format json -c 'SELECT *, NULL AS n, 1.5 AS f, true AS b FROM item ORDER BY id'
sql t.git --format expanded -c 'SELECT * FROM item ORDER BY id'
sql t.git -c "SELECT 1::smallint, 2::bigint, 1.5::real, 0.1::double precision, '\x00ff'::bytea, '12:34:56.5'::time, '2026-01-02 03:04:05'::timestamp, '2026-01-02 03:04:05+00'::timestamptz, '1 day 2 hours'::interval, '{""a"": [1, 2]}'::jsonb, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, ''::text, NULL::int"
sql t.git -c '\d' -c '\d t' -c '\dt' -c '\dv' -c '\l' -c '\x' -c 'SELECT 1 AS a'
sql t.git -c 'SHOW BRANCHES' -c 'SHOW TAGS' -c 'SHOW ALL'
sql t.git -c 'EXPLAIN SELECT * FROM t WHERE id = 1'
sql t.git -c "SELECT current_database(), current_user, current_schema(), current_setting('application_name')"
sql t.git -c 'DROP TABLE IF EXISTS nosuch' -c 'BEGIN' -c "INSERT INTO t VALUES (2, 'two')" -c 'COMMIT' -c 'COMMIT'
sql t.git -c 'BEGIN' -c "INSERT INTO t VALUES (99, 'left open')"
sql t.git -c 'SELECT count(*) FROM t'
sql t.git --verbose -c "UPDATE t SET v = 'zwei' WHERE id = 2"
sql t.git -c 'SELECT nope FROM t'
sql t.git -c 'SELECT 1/0' -c 'SELECT 2'
sql t.git -c "INSERT INTO t VALUES (1, 'again')"
sql t.git -c 'INSERT INTO item (price) VALUES (-1)'
sql t.git -c 'SELECT'
sql t.git -c "SELECT * FROM nosuch" < nothing
sql t.git -c 'SET nosuch = 1'
sql t.git -c 'SET synchronous_commit = off' -c 'SHOW synchronous_commit' -c 'RESET ALL' -c 'SHOW synchronous_commit'
sql t.git -c 'PREPARE p(int) AS SELECT v FROM t WHERE id = $1' -c 'EXECUTE p(1)' -c 'DEALLOCATE p' -c 'EXECUTE p(1)'
sql t.git -c 'COPY t TO STDOUT' -c 'COPY t FROM STDIN' < 3	three
sql t.git -c 'COPY t FROM STDIN' < 4	four	too many
sql t.git < SELECT 5; INSERT INTO t VALUES (5, 'five'); SELECT nope; SELECT 6;
shell t.git < SELECT 5; SELECT nope; SELECT 6;
shell t.git --branch side < SELECT branch FROM rowan.branches WHERE current;
shell t.git --branch nosuch < SELECT 1;
sql t.git -f script.sql
sql t.git -f nosuch.sql
sql t.git --branch side -c "INSERT INTO t VALUES (7, 'side')"
sql t.git --branch v1 -c "INSERT INTO t VALUES (9, 'tag')"
sql t.git --branch kept -c "INSERT INTO t VALUES (9, 'kept')"
sql t.git --branch nosuch -c 'SELECT 1'
import t.git t rows.csv
import t.git t rows.csv
import t.git t more.csv.gz
import t.git t - --no-header --delimiter ; < 30;thirty
import t.git nosuch rows.csv
import t.git t nosuch.csv
import t.git t rows.csv --branch v1
export t.git t -
export t.git t out.csv --null NIL
export t.git nosuch -
export t.git t out.csv.gz
log t.git
log t.git --oneline
log t.git --oneline --graph -n 3
log t.git --table t --author Tester --grep t
log t.git nosuch
diff t.git v1
diff t.git v1 side --stat
diff t.git v1..main --json
diff t.git v1 main --sql
diff t.git v1 main --sql --native
diff t.git v1 main --schema --exit-code
diff t.git main main --exit-code
diff t.git nosuch
blame t.git t
blame t.git t 1 --cells
blame t.git t 77
branch t.git
branch t.git new --from v1
branch t.git new
branch t.git --rename new newer
branch t.git --protect newer
branch t.git --delete newer
branch t.git --unprotect newer
branch t.git --delete newer
branch t.git --delete main
tag t.git
tag t.git v2 -m second
tag t.git v2
tag t.git --delete v2
merge t.git side --dry-run
merge t.git side
merge t.git side
merge t.git nosuch
sql t.git -c "UPDATE t SET v = 'here' WHERE id = 1"
sql t.git --branch side -c "UPDATE t SET v = 'there' WHERE id = 1"
merge t.git side
merge t.git side --policy manual
sql t.git -c 'SELECT * FROM rowan.merges' -c 'ABORT MERGE'
merge t.git side --policy ours -m 'ours it is'
sql t.git -c 'CREATE BRANCH other' -c "INSERT INTO t VALUES (40, 'forty')"
sql t.git --branch other -c "INSERT INTO t VALUES (41, 'forty-one')"
cherry-pick t.git other
cherry-pick t.git nosuch
revert t.git HEAD
revert t.git HEAD~30
rebase t.git main --branch other
squash t.git main --branch other -m squashed
squash t.git v1 --branch kept
restore t.git t --to v1
restore t.git nosuch --to v1
reset t.git HEAD~1
reset t.git nosuch
reflog t.git
reflog t.git other
reflog t.git nosuch
foreign list t.git
foreign show t.git 1234567
foreign take t.git 1234567
foreign drop t.git 1234567
hook install t.git
hook install t.git --force
checkpoint t.git
sql t.git --read-only -c 'SELECT * FROM t ORDER BY id'
sql t.git --read-only -c 'DELETE FROM t'
check t.git
init t.git
upgrade t.git --dry-run
upgrade nowhere.git
sql nowhere.git -c 'SELECT 1'
"""

# For themselves alone: refused beside somebody.
ALONE = ["upgrade t.git", "adopt t.git", "check t.git --drop-caches"]


def words_of(line):
    """A line's words, with ' and " around those that hold blanks ("" in the latter is one), and the standard input."""
    line, _, data = line.partition(" < ")
    words = []
    for single, double, bare in re.findall(r"""'([^']*)'|"((?:[^"]|"")*)"|(\S+)""", line):
        words.append(single or double.replace('""', '"') or bare)
    return words, (data + "\n").encode() if data else b""


def plain(text):
    """Without what differs from run to run: times, ids, which process."""
    text = re.sub(r"\b[0-9a-f]{7,40}\b", lambda found: "<id>" if re.search("[0-9]", found[0]) else found[0], text)
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?", "<time>", text)
    text = re.sub(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ \d\d:\d\d:\d\d \d{4}( [+-]\d{4})?", "<time>", text)
    text = re.sub(r"/tmp/rowan-shared-\w+", "<home>", text)
    return re.sub(r"[ -]+", " ", text)  # Widths of columns follow what stands in them.


def files(home):
    with open(f"{home}/rows.csv", "w", encoding="ascii") as file:
        file.write("id,v\n20,twenty\n21,\n")
    with gzip.open(f"{home}/more.csv.gz", "wt", encoding="ascii") as file:
        file.write("id,v\n22,twenty-two\n")
    with open(f"{home}/script.sql", "w", encoding="ascii") as file:
        file.write("\\timing off\nINSERT INTO t VALUES (8, 'script');\n\nSELECT nope\n  FROM t;\n")


def told_by_all(beside):
    """What each command told, run one after the other in a place of its own beside what `beside` starts there."""
    with place(*MADE) as home:
        files(home)
        neighbour = beside(home) if beside else None
        told = []
        for line in COMMANDS.strip().splitlines():
            words, data = words_of(line)
            code, out, err = run(home, *words, data=data)
            told.append((line, code, plain(out), plain(err)))
        if neighbour:
            expect(writer_of(home), neighbour.pid, "it has the repository to the end")
            for line in ALONE:
                code, out, err = run(home, *line.split())
                check(code == 3 and err.startswith("ERROR:  55006: "), f"{line}: {code} {out} {err}")
            if isinstance(neighbour, Serving):
                neighbour.stop()
            else:
                neighbour.leave()
        for line in ALONE:
            code, out, err = run(home, *line.split())
            expect(code, 0, f"{line}: {out} {err}")
        prove_sound(home)
        state = sql(home, "SELECT * FROM t ORDER BY id", "SELECT * FROM item ORDER BY id")
        subjects = subprocess.run(["git", "--git-dir", "t.git", "log", "--format=%an %ae %s", "main", "side", "other"], cwd=home,
                                  capture_output=True, text=True, check=True).stdout
        return told, state, sorted(plain(subjects).splitlines())


def every_command():
    wanted, state, subjects = told_by_all(None)
    for beside in (Serving, Shell):
        told, state_there, subjects_there = told_by_all(beside)
        differing = [(alone, there) for alone, there in zip(wanted, told) if alone != there]
        for alone, there in differing[:8]:  # What comes behind one often follows from it.
            print(f"{alone[0]}\nalone:   {alone[1:]}\nbeside {beside.__name__}: {there[1:]}")
        check(not differing, f"{len(differing)} of {len(wanted)} commands differ beside {beside.__name__}")
        expect(state_there, state)
        expect(subjects_there, subjects)


def refused_beside_names_who_has_it():
    with place(*MADE) as home:
        for first, word in ((Serving, "serve"), (Shell, "shell")):
            one = first(home)
            for line in ALONE:
                _, _, err = run(home, *line.split())
                check(str(one.pid) in err and f"rowan {word}" in err, f"{line} says what has it: {err}")
            if first is Serving:
                one.stop()
            else:
                one.leave()


# Whoever commits is its author, not who happens to have the repository open.
def authors_are_their_own():
    with place(*MADE) as home:
        one = Shell(home)
        one.does("INSERT INTO t VALUES (50, 'x');", "INSERT 0 1")
        done = subprocess.run([ROWAN, "sql", "t.git", "-c", "INSERT INTO t VALUES (51, 'x')"], cwd=home,
                              env=dict(os.environ, HOME=home, GIT_AUTHOR_NAME="Grace", GIT_AUTHOR_EMAIL="grace@example.org"),
                              capture_output=True, text=True)
        expect(done.returncode, 0, done.stderr)
        one.leave()
        found = subprocess.run(["git", "--git-dir", "t.git", "log", "-2", "--format=%an <%ae>", "main"], cwd=home,
                               capture_output=True, text=True, check=True).stdout
        expect(found, "Grace <grace@example.org>\nTester <tester@example.org>\n")


run_parts([every_command, refused_beside_names_who_has_it, authors_are_their_own])
