#!/usr/bin/env python3
"""Proves that several programs of one user work on one repository as if each were alone: what they see of each other, what
happens to them when the one that has it open ends or is killed, and what lies at the place of its socket.
    neighbours.py PATH-OF-ROWAN [PART…]
"""
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import types

from shells import (ROWAN, Program, Serving, Shell, check, environment, expect, place, prove_sound, run, run_parts, sql,
                    state_of, wait_until, writer_of)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "server"))
import serving as wire  # noqa: E402: it stands in another folder.

TABLE = "CREATE TABLE t (id int PRIMARY KEY, v text)"
LONG = "SELECT count(*) FROM generate_series(1, 90000000000000) a(x);"


def two_shells():
    with place() as home:
        one = Shell(home)
        two = Shell(home)
        expect(writer_of(home), one.pid, "the first has it")
        one.does(TABLE + ";", "CREATE TABLE")
        two.does("INSERT INTO t VALUES (1, 'two''s'), (2, NULL);", "INSERT 0 2")
        expect(one.rows("SELECT * FROM t ORDER BY id;"), ["1|two's", "2|"])
        one.does("BEGIN;", "BEGIN")
        one.does("UPDATE t SET v = 'one''s' WHERE id = 1;", "UPDATE 1")
        expect(two.value("SELECT v FROM t WHERE id = 1;"), "two's")
        two.start("UPDATE t SET v = v || ', then two''s' WHERE id = 1;")  # Waits for the other's row.
        time.sleep(0.3)
        one.does("COMMIT;", "COMMIT")
        expect(two.answer(), "UPDATE 1\n")
        expect(one.value("SELECT v FROM t WHERE id = 1;"), "one's, then two's")
        told = two.fails("SELECT nope FROM t;", "42703")
        check("LINE 1: SELECT nope" in told and "\n               ^" in told, told)
        two.fails("INSERT INTO t VALUES (1, 'again');", "23505")
        two.does("BEGIN;", "BEGIN")
        two.fails("SELECT 1/0;", "22012")
        two.fails("SELECT 1;", "25P02")
        two.does("COMMIT;", "ROLLBACK")
        check("WARNING" in two.ask("ROLLBACK;"), "ROLLBACK outside of a block warns there as here")
        for number in range(3):  # Each comes to whoever has it.
            expect(sql(home, f"INSERT INTO t VALUES ({10 + number}, 'sql')"), "INSERT 0 1\n")
        expect(two.value("SELECT count(*) FROM t;"), "5")
        two.leave()
        expect(one.value("SELECT count(*) FROM t;"), "5")
        one.leave()
        expect(writer_of(home), None)
        prove_sound(home)


def who_leaves_first_hands_over():
    with place(TABLE, "INSERT INTO t VALUES (1, 'one')", "CREATE BRANCH side") as home:
        shells = [Shell(home) for _ in range(4)]
        for number, shell in enumerate(shells[1:]):
            shell.does("CHECKOUT side;", "")
            shell.does(f"SET work_mem = '{number + 5}MB';", "SET")
            shell.does("SET application_name = 'it''s kept';", "SET")
            shell.does("BEGIN;", "BEGIN")
            shell.does("SET search_path = 'rowan';", "SET")
            shell.does("ROLLBACK;", "ROLLBACK")
        while len(shells) > 1:
            gone = shells.pop(0)
            start = time.monotonic()
            gone.leave()
            check(time.monotonic() - start < 4, "shells at rest hold nobody up")
            writers = set()
            for shell in shells:
                shell.does(f"INSERT INTO t VALUES ({gone.pid + 1000 * shell.pid}, 'side');", "INSERT 0 1")
                writers.add(writer_of(home))
            check(len(writers) == 1 and writers <= {shell.pid for shell in shells}, f"the writers were {writers}")
            for shell in shells:
                expect(shell.value("SHOW application_name;"), "it's kept")
                check(shell.value("SHOW work_mem;") in ("5MB", "6MB", "7MB"), "work_mem is given back")
                expect(shell.value("SELECT branch FROM rowan.branches WHERE current;"), "side")
                expect(shell.value("SHOW search_path;"), shells[0].value("SHOW search_path;"))
                check(shell.value("SHOW search_path;") != "rowan", "what was rolled back is not given back")
            late = Shell(home)
            expect(late.value("SELECT branch FROM rowan.branches WHERE current;"), "main")
            late.leave()
        shells[0].does("RESET ALL;", "RESET")
        check(shells[0].value("SHOW work_mem;") not in ("5MB", "6MB", "7MB"), "RESET goes back to the connection's own")
        shells[0].leave()
        prove_sound(home)


def a_short_transaction_may_end():
    with place(TABLE) as home:
        for first in (Shell, Serving):
            one = first(home)
            two = Shell(home)
            two.does("BEGIN;", "BEGIN")
            two.does(f"INSERT INTO t VALUES ({one.pid}, 'before');", "INSERT 0 1")
            one.signal(signal.SIGTERM)
            time.sleep(0.5)
            late = Program(home, "sql", "t.git", "-c", "INSERT INTO t VALUES (0, 'late')", "-c", "DELETE FROM t WHERE id = 0")
            two.does(f"INSERT INTO t VALUES (-{one.pid}, 'while it ends');", "INSERT 0 1")
            expect(one.process.poll(), None, "it waits for the transaction")
            start = time.monotonic()
            two.does("COMMIT;", "COMMIT")
            one.exit_code()
            check(time.monotonic() - start < 4, "then it waits no longer")
            expect(two.value(f"SELECT count(*) FROM t WHERE abs(id) = {one.pid};"), "2")
            expect(late.exit_code(), 0, "who comes meanwhile is served by the next: " + late.seen)
            two.leave()
        prove_sound(home)


def a_long_one_is_ended():
    with place(TABLE, "INSERT INTO t VALUES (1, 'kept')") as home:
        for first in (Shell, Serving):
            one = first(home)
            idle, busy, asleep, rest = Shell(home), Shell(home), Shell(home), Shell(home)
            idle.does("BEGIN;", "BEGIN")
            idle.does("INSERT INTO t VALUES (2, 'lost');", "INSERT 0 1")
            idle.does("SAVEPOINT s;", "SAVEPOINT")
            busy.start(LONG)
            asleep.start("SELECT pg_sleep(60);")  # Which fails as its row is read.
            time.sleep(0.3)
            start = time.monotonic()
            one.signal(signal.SIGTERM)
            one.exit_code()
            took = time.monotonic() - start
            check(4.5 < took < 12, f"it took {took} s")
            expect(state_of(busy.answer()), "57P01")
            expect(state_of(asleep.answer()), "57P01")
            expect(rest.value("SELECT count(*) FROM t;"), "1")
            told = idle.fails("INSERT INTO t VALUES (3, 'lost');", "57P01")
            check("HINT" in told, f"it says what helps: {told}")
            idle.fails("SELECT 1;", "25P02")
            idle.fails("INSERT INTO t VALUES (4, 'not outside of the block either');", "25P02")
            idle.does("ROLLBACK;", "ROLLBACK")
            idle.does("BEGIN;", "BEGIN")
            idle.does("INSERT INTO t VALUES (5, 'kept');", "INSERT 0 1")
            idle.does("COMMIT;", "COMMIT")
            expect(busy.rows("SELECT id FROM t ORDER BY id;"), ["1", "5"])
            idle.does("DELETE FROM t WHERE id = 5;", "DELETE 1")
            check(writer_of(home) in (idle.pid, busy.pid, asleep.pid, rest.pid), "one of the others has it")
            for shell in (idle, busy, asleep, rest):
                shell.leave()
        prove_sound(home)


# Who comes while it waits for others' transactions waits with it, and is then served by the next.
def who_comes_while_it_ends():
    with place(TABLE) as home:
        one, two = Shell(home), Shell(home)
        two.does("BEGIN;", "BEGIN")
        two.does("INSERT INTO t VALUES (1, 'lost');", "INSERT 0 1")
        one.signal(signal.SIGTERM)
        time.sleep(0.3)
        expect(sql(home, "INSERT INTO t VALUES (1, 'late')"), "INSERT 0 1\n")
        one.exit_code()
        two.fails("COMMIT;", "57P01")
        two.does("ROLLBACK;", "ROLLBACK")
        expect(two.value("SELECT v FROM t;"), "late")
        two.leave()
        prove_sound(home)


# PostgreSQL's clients of a server that is not the first, and what they are told when the first ends.
def a_server_beside_a_shell():
    with place(TABLE) as home:
        one = Shell(home)
        server = Serving(home)
        expect(writer_of(home), one.pid, "the shell has it")
        at = types.SimpleNamespace(temp=home, port=server.port)
        client, other = wire.Wire(at, database="t", local=True), wire.Wire(at, database="t", local=True)
        expect(client.ask("INSERT INTO t VALUES (1, 'x'), (2, NULL); SELECT id, v FROM t ORDER BY id"),
               ["C INSERT 0 2", "T id:23 v:25", "D 1|x", "D 2|NULL", "C SELECT 2", "Z I"])
        expect(one.value("SELECT count(*) FROM t;"), "2")
        expect(client.ask(wire.parse("SELECT id, v FROM t WHERE id >= $1 ORDER BY id") + wire.describe("S") +
                          wire.bind(struct.pack(">i", 1), formats=(1,), results=(1, 0)) + wire.execute(rows=1) +
                          wire.execute(rows=1) + wire.execute() + wire.SYNC),
               ["1", "t 23", "T id:23 v:25", "2", "D \0\0\0\1|x", "s", "D \0\0\0\2|NULL", "s", "C SELECT 0", "Z I"])
        expect(client.ask("SET application_name = 'kept'"), ["C SET", "S application_name", "Z I"])
        expect(client.ask("SELECT 1/0"), ["E 22012", "Z I"])
        client.send(wire.query("COPY t FROM STDIN"))
        expect(client.message()[0], "G")
        expect(client.ask(wire.frame("d", b"3\tthree\n4\t") + wire.frame("d", b"four\n") + wire.frame("c")), ["C COPY 2", "Z I"])
        expect(client.ask("COPY (SELECT v FROM t WHERE id > 2 ORDER BY id) TO STDOUT")[1:-2], ["d three\n", "d four\n", "c"])
        client.send(wire.query(LONG))
        time.sleep(0.5)
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(f"{home}/.s.PGSQL.{server.port}")
            asking.sendall(struct.pack(">IIII", 16, (1234 << 16) + 5678, *client.key))
            expect(client.until_ready()[-2:], ["E 57014", "Z I"])
        expect(other.ask("BEGIN")[-1], "Z T")
        expect(other.ask("INSERT INTO t VALUES (5, 'lost')")[-1], "Z T")
        one.kill()
        expect(client.ask("INSERT INTO t VALUES (6, 'kept')"), ["C INSERT 0 1", "Z I"])
        expect(client.values("SHOW application_name"), ["kept"])
        expect(writer_of(home), server.pid, "now the server has it")
        told = other.ask("INSERT INTO t VALUES (7, 'lost')")
        check(told == ["E 08006", "Z E"], told)
        expect(other.ask("SELECT 1"), ["E 25P02", "Z E"])
        expect(other.ask("ROLLBACK"), ["C ROLLBACK", "Z I"])
        late = Shell(home)
        expect(late.rows("SELECT id FROM t ORDER BY id;"), ["1", "2", "3", "4", "6"])
        late.leave()
        server.stop()
        prove_sound(home)


# What is under way when the first is killed: statements that wait for a row that it holds.
def lost_answers():
    with place(TABLE, "INSERT INTO t VALUES (1, 'kept')") as home:
        cases = [("UPDATE t SET v = 'mine' WHERE id = 1;", False, "08007"),
                 ("UPDATE t SET v = 'mine' WHERE id = 1;", True, "08006"),
                 ("DELETE FROM t WHERE id = 1;", False, "08007"),
                 ("EXECUTE p;", False, "08007"),
                 ("EXECUTE p;", True, "08006")]
        for text, in_block, sqlstate in cases:
            one = Shell(home)
            one.does("BEGIN;", "BEGIN")
            one.does("UPDATE t SET v = 'held' WHERE id = 1;", "UPDATE 1")
            two = Shell(home)
            if "EXECUTE" in text:
                two.does("PREPARE p AS UPDATE t SET v = 'mine' WHERE id = 1;", "PREPARE")
            if in_block:
                two.does("BEGIN;", "BEGIN")
            two.start(text)
            time.sleep(0.5)
            one.kill()
            told = two.answer()
            check(state_of(told) == sqlstate, f"{text}\nfound  {told!r}\nwanted {sqlstate}")
            check("HINT" in told, f"{text} says what helps: {told}")
            if in_block:
                two.fails("SELECT 1;", "25P02")
                two.does("ROLLBACK;", "ROLLBACK")
            expect(two.value("SELECT v FROM t WHERE id = 1;"), "kept", text)
            two.does("INSERT INTO t VALUES (2, 'goes on');", "INSERT 0 1")
            two.does("DELETE FROM t WHERE id = 2;", "DELETE 1")
            expect(writer_of(home), two.pid, "the one that is left has it")
            two.leave()
        prove_sound(home)


# A verb commits by itself, as a statement and as a function in a query.
def lost_verbs():
    for text in ("MERGE side;", "SELECT * FROM rowan.merge('side');", "CALL rowan.merge('side');"):
        with place("CREATE TABLE t (id int PRIMARY KEY, v int, w int)",
                   "INSERT INTO t SELECT g, 0, 0 FROM generate_series(1, 60000) g", "CREATE BRANCH side",
                   "UPDATE t SET v = 1", "CHECKOUT side", "UPDATE t SET w = 1") as home:
            times = 0.0
            for _ in range(20):
                one, two = Shell(home), Shell(home)
                two.start(text)
                time.sleep(times)
                one.kill()
                told = two.answer()
                state = state_of(told)
                merged = two.value("SELECT count(*) FROM t WHERE w = 1;")
                check(merged in ("0", "60000"), f"{merged} rows are merged")
                check(state != "08006" or merged == "0", f"{text}\n{told!r}, but it is there")
                two.leave()
                if state == "08007":
                    break
                check(state != "08006", f"{text} commits by itself: {told!r}")
                expect(merged, "60000", f"{text} {told!r}")
                sql(home, "RESET TO 'HEAD~1'")
                times += 0.02
            prove_sound(home)


# Asked of a process that does not answer any more, and then is gone: done once, or said to be unknown.
def once_and_not_twice():
    with place(TABLE) as home:
        two = None
        for number in range(4):
            one = two or Shell(home)
            two = Shell(home)
            block = number % 2 == 1
            if block:
                two.does("BEGIN;", "BEGIN")
                two.does(f"INSERT INTO t VALUES ({number}, 'x');", "INSERT 0 1")
            one.signal(signal.SIGSTOP)
            two.start("COMMIT;" if block else f"INSERT INTO t VALUES ({number}, 'x');")
            time.sleep(0.3)
            one.kill()
            told = two.answer()
            state = state_of(told)
            check(state in (None, "08006", "08007"), told)
            if block:
                two.ask("ROLLBACK;")
            found = two.value(f"SELECT count(*) FROM t WHERE id = {number};")
            check(state == "08007" or found == ("1" if state is None else "0"), f"{told!r}, and {found} rows")
        two.leave()
        prove_sound(home)


def rows_that_were_read_half():
    with place(TABLE) as home:
        one = Shell(home)
        two = Program(home, "sql", "t.git", "--format", "csv", "-c", "SELECT * FROM generate_series(1, 100000000)")
        check(two.until("\n1000\n") is not None, two.seen)
        one.kill()
        check(two.until("ERROR:  08006: ") is not None, f"half a result is no result: {two.seen[-300:]}")
        check(two.exit_code() not in (0, 1, 2), "and its exit code says so")
        prove_sound(home)


def data_through_the_socket():
    with place(TABLE) as home:
        one = Shell(home)
        inner = f"{home}/inner"
        os.mkdir(inner)
        lines = "".join(f"{i},line {i}\n" for i in range(200000))
        with open(f"{inner}/rows.csv", "w", encoding="ascii") as file:
            file.write("id,v\n" + lines)
        # A relative name is one of the caller's folder, wherever the repository is open.
        code, out, err = run(inner, "sql", "../t.git", "-c", "COPY t FROM 'rows.csv' (FORMAT csv, HEADER)")
        expect((code, out), (0, "COPY 200000\n"), err)
        code, out, err = run(inner, "sql", "../t.git", "-c", "COPY (SELECT * FROM t ORDER BY id) TO 'back.csv' (FORMAT csv, HEADER)")
        expect((code, out), (0, "COPY 200000\n"), err)
        with open(f"{inner}/back.csv", encoding="ascii") as file:
            check(file.read() == "id,v\n" + lines, "what was copied out is what was copied in")
        code, _, err = run(inner, "sql", "../t.git", "-c", "COPY t FROM 'nosuch.csv'")
        check(code != 0 and '"nosuch.csv"' in err, err)
        code, out, err = run(home, "export", "t.git", "t", "-", "--no-header")
        expect((code, len(out)), (0, len(lines)), err)
        code, out, err = run(home, "import", "t.git", "t", "-", "--no-header", data=b"-1,minus\n-2,\n")
        expect((code, out), (0, "COPY 2\n"), err)
        code, out, err = run(home, "sql", "t.git", "-c", "COPY t FROM STDIN (FORMAT csv)", data=b"-3,three\n-3,again\n")
        check(code == 13 and "23505" in err, err)
        two = Shell(home)
        expect(two.ask("COPY t FROM STDIN;\n-4\tfour\n-5\t\\N\n\\."), "COPY 2\n")
        expect(two.ask("COPY (SELECT id FROM t WHERE id < 0 ORDER BY id) TO STDOUT;"), "-5\n-4\n-2\n-1\n")
        expect(one.value("SELECT count(*) FROM t WHERE id < 0;"), "4")
        big = "x" * 3_000_000
        two.does(f"INSERT INTO t VALUES (-6, '{big}');", "INSERT 0 1")
        expect(one.value("SELECT length(v) FROM t WHERE id = -6;"), "3000000")
        check(two.value("SELECT v FROM t WHERE id = -6;") == big, "a long value comes back whole")
        two.leave()
        one.leave()
        prove_sound(home)


# Names that mean something else in each process, and what a file gets from who makes it, are the caller's.
def files_are_the_callers():
    def told(home):
        everything = []
        for text, data in (("COPY t FROM '/dev/stdin'", b"1\tone\n"), ("COPY t TO '/dev/stdout'", b""),
                           ("COPY t FROM '/dev/fd/0' (FORMAT csv)", b"2,two\n"), ("COPY t FROM '/proc/self/fd/0'", b"3\tthree\n"),
                           ("COPY t TO '/proc/self/fd/1'", b""), ("COPY t TO 'made.txt'", b""), ("COPY t TO '/dev/null'", b""),
                           ("COPY t FROM 'unreadable/x'", b""), ("COPY t TO 'nosuch/x'", b"")):
            code, out, err = run(home, "sql", "t.git", "-c", text, data=data, seconds=10)
            everything.append((text, code, out, err.replace(home + "/", "")))
        done = subprocess.run(["bash", "-c", f"umask 077; exec '{ROWAN}' import t.git t <(printf 'id,v\\n4,four\\n')"], cwd=home,
                              env=environment(home), stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        everything.append(("import t.git t <(…)", done.returncode, done.stdout, done.stderr.replace(b"63", b"N")))
        done = subprocess.run(["bash", "-c", f"umask 077; exec '{ROWAN}' export t.git t private.csv"], cwd=home,
                              env=environment(home), capture_output=True, timeout=20)
        everything.append(("export", done.returncode, done.stdout, stat.S_IMODE(os.stat(f"{home}/private.csv").st_mode)))
        return everything

    with place(TABLE) as home:
        wanted = told(home)
        prove_sound(home)
    with place(TABLE) as home:
        one = Shell(home)
        for alone, there in zip(wanted, told(home)):
            expect(there, alone, "beside a shell")
        one.leave()
        prove_sound(home)


def peak_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def a_million_rows():
    query = "SELECT g AS id, 'row ' || g AS v FROM generate_series(1, 1000000) g"
    with place() as home:
        wanted = run(home, "sql", "t.git", "--format", "csv", "-c", query)
        one = Shell(home)
        before = peak_kb(one.pid)
        child = subprocess.Popen([ROWAN, "sql", "t.git", "--format", "csv", "-c", query], cwd=home, env=environment(home),
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out = child.stdout.read().decode()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        expect((child.returncode, len(out)), (0, len(wanted[1])))
        check(out == wanted[1], "all rows, in order")
        check(peak_kb(one.pid) - before < 60_000, f"who serves holds them not: {before} to {peak_kb(one.pid)} kB")
        check(used.ru_maxrss < 200_000, f"who asks holds them not either: {used.ru_maxrss} kB")
        one.leave()


def interrupts():
    with place(TABLE, "INSERT INTO t VALUES (1, 'one')") as home:
        one = Shell(home)
        one.does("BEGIN;", "BEGIN")
        one.does("UPDATE t SET v = 'held' WHERE id = 1;", "UPDATE 1")
        two = Shell(home)
        for text in (LONG, "UPDATE t SET v = 'waits' WHERE id = 1;"):
            script = Program(home, "sql", "t.git", "-c", text)
            # A signal before the program listens for it would end it: cancelling is what is looked at here.
            time.sleep(1)
            script.signal(signal.SIGINT)
            check(script.until("ERROR:  57014: ") is not None, script.seen)
            expect(script.exit_code(), 20)
        expect(one.value("SELECT v FROM t WHERE id = 1;"), "held", "the other's transaction goes on")
        one.does("ROLLBACK;", "ROLLBACK")
        expect(two.value("SELECT v FROM t WHERE id = 1;"), "one")
        two.does("UPDATE t SET v = 'two' WHERE id = 1;", "UPDATE 1")  # Who was cancelled holds nothing.
        two.leave()
        one.leave()


def leavers_leave_nothing():
    with place(TABLE) as home:
        one = Shell(home)
        for how in ("kill", "leave") * 5:
            two = Shell(home)
            two.does("BEGIN;", "BEGIN")
            two.does("INSERT INTO t VALUES (1, 'x');", "INSERT 0 1")  # Waits for the one before, unless that is gone.
            if how == "kill":
                two.kill()
            else:
                two.leave()
        one.does("INSERT INTO t VALUES (1, 'x');", "INSERT 0 1")
        tasks = f"/proc/{one.pid}/task"
        wait_until(lambda: len(os.listdir(tasks)) < 20, "the threads of those that left end")
        files = f"/proc/{one.pid}/fd"
        check(len(os.listdir(files)) < 60, os.listdir(files))
        one.leave()
        prove_sound(home)


# Without a server at the socket: what a process finds there that has the lock is replaced, never followed.
def planted_before():
    with place(TABLE) as home:
        path = f"{home}/t.git/rowan/socket"
        victim = f"{home}/victim"
        with open(victim, "w", encoding="ascii") as file:
            file.write("precious")

        def foreign():
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(path)
                made.listen()

        def link_to(target):
            return lambda: os.symlink(target, path)

        plants = {"a file": lambda: shutil.copy(victim, path), "a link to a file": link_to(victim),
                  "a link to nothing": link_to(f"{home}/nothing"), "a hard link": lambda: os.link(victim, path),
                  "a FIFO": lambda: os.mkfifo(path), "a dead socket": foreign}
        for what, plant in plants.items():
            if os.path.lexists(path):
                os.unlink(path)
            plant()
            one = Shell(home)
            mode = os.lstat(path).st_mode
            check(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, f"{what}: then a socket of the owner's alone, {mode:o}")
            two = Shell(home)
            two.does("INSERT INTO t VALUES (1, 'x');", "INSERT 0 1")
            one.does("DELETE FROM t;", "DELETE 1")
            two.leave()
            one.leave()
            with open(victim, encoding="ascii") as file:
                expect(file.read(), "precious", what)
            expect(stat.S_IMODE(os.stat(victim).st_mode) & 0o022, 0, what)
            check(not os.path.lexists(f"{home}/nothing"), f"{what}: nothing is made where it leads")
            check(not os.path.lexists(path), f"{what}: who ends takes its socket away")
        os.mkdir(path)
        one = Shell(home)
        one.does("INSERT INTO t VALUES (1, 'alone');", "INSERT 0 1")
        code, _, err = run(home, "sql", "t.git", "-c", "SELECT 1")
        check(code not in (0, 2) and err.startswith("ERROR:  "), f"it is said why: {code} {err}")
        one.leave()
        prove_sound(home)


# Beside a process that has the lock: what is not its socket is refused in time, and is not followed.
def planted_beside():
    with place(TABLE) as home:
        path = f"{home}/t.git/rowan/socket"
        one = Shell(home)
        os.unlink(path)
        elsewhere = tempfile.mkdtemp(prefix="rowan-elsewhere-")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{elsewhere}/socket")
        listener.listen()
        said = []

        def talk():
            answers = [b"", b"\0" * 64, b"\xff" * 64, b"R\0\0\0\x08\0\0\0\0", b"HTTP/1.1 400 Bad Request\r\n\r\n"]
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    said.append(1)
                    peer.sendall(answers[len(said) % len(answers)])

        threading.Thread(target=talk, daemon=True).start()
        plants = {"nothing": lambda: None, "a file": lambda: open(path, "w", encoding="ascii").close(),
                  "a FIFO": lambda: os.mkfifo(path), "a link to a socket": lambda: os.symlink(f"{elsewhere}/socket", path),
                  "another program's socket": lambda: os.link(f"{elsewhere}/socket", path)}
        for what, plant in plants.items():
            plant()
            before = len(said)
            start = time.monotonic()
            code, out, err = run(home, "sql", "t.git", "-c", "INSERT INTO t VALUES (1, 'x')")
            check(code not in (0, 1, 2) and code < 100 and out == "" and err.startswith("ERROR:  "), f"{what}: {code} {err}")
            check(time.monotonic() - start < 20, f"{what}: in time")
            if what == "a link to a socket":
                expect(len(said), before, "a link is not followed")
            if what != "nothing":
                os.unlink(path)
        listener.close()
        shutil.rmtree(elsewhere)
        expect(one.value("SELECT count(*) FROM t;"), "0")
        one.leave()
        prove_sound(home)


# Bytes of nobody's making at the socket: closed, and the next is served.
def garbage_is_closed():
    with place(TABLE) as home:
        one = Shell(home)
        path = f"{home}/t.git/rowan/socket"
        kept = []
        for bytes_sent in (b"", b"\0", b"\0\0\0\0", b"\xff" * 8, b"GET / HTTP/1.1\r\n\r\n", b"\x01\0\0\0\0", b"\xff\xff\xff\x7f\x00" + b"x" * 100000,
                           bytes(range(256)) * 40, os.urandom(5000)):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(20)
                peer.connect(path)
                try:
                    peer.sendall(bytes_sent)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(65536):
                        pass
                except (BrokenPipeError, ConnectionResetError):
                    pass
            half = socket.socket(socket.AF_UNIX)  # And who says nothing more.
            half.connect(path)
            half.sendall(bytes_sent[:3])
            kept.append(half)
            expect(sql(home, "INSERT INTO t VALUES (1, 'x')", "DELETE FROM t"), "INSERT 0 1\nDELETE 1\n")
        start = time.monotonic()
        one.leave()
        check(time.monotonic() - start < 4, "nobody waits for those who say nothing")
        for half in kept:
            half.close()
        prove_sound(home)


def other_users_are_refused():
    if os.geteuid() != 0:
        print("    left out: only root can be somebody else")
        return
    with place(TABLE) as home:
        one = Shell(home)
        path = f"{home}/t.git/rowan/socket"
        for folder in (home, f"{home}/t.git", f"{home}/t.git/rowan"):
            os.chmod(folder, 0o755)
        for mode, wanted in ((0o600, "not let in"), (0o777, "let in, and told nothing")):
            os.chmod(path, mode)
            child = os.fork()
            if child == 0:
                os.setgid(65534)
                os.setuid(65534)
                found = "not let in"
                try:
                    with socket.socket(socket.AF_UNIX) as peer:
                        peer.settimeout(20)
                        peer.connect(path)
                        found = "let in, and told nothing" if peer.recv(100) == b"" else "told something"
                except ConnectionResetError:
                    found = "let in, and told nothing"
                except OSError:
                    pass
                os._exit(0 if found == wanted else 1)
            expect(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, f"mode {mode:o}: {wanted}")
        expect(sql(home, "SELECT 1").count("1"), 2)
        one.leave()


def any_path_will_do():
    with place() as home:
        deep = "/".join(["a-folder-with-a-long-name"] * 9)
        os.makedirs(f"{home}/{deep}")
        shutil.move(f"{home}/t.git", f"{home}/{deep}/t.git")
        os.symlink(f"{home}/{deep}/t.git", f"{home}/link.git")
        long = f"{deep}/t.git"
        one = Shell(home, repository=long)
        one.does(TABLE + ";", "CREATE TABLE")
        for name in (long, "link.git", f"{home}/{long}", f"./{deep}/../{os.path.basename(deep)}/t.git"):
            expect(sql(home, "INSERT INTO t VALUES (1, 'x')", "DELETE FROM t", repository=name), "INSERT 0 1\nDELETE 1\n", name)
        one.leave()
        prove_sound(home, long)


run_parts([two_shells, who_leaves_first_hands_over, a_short_transaction_may_end, a_long_one_is_ended,
           who_comes_while_it_ends, a_server_beside_a_shell, lost_answers, lost_verbs,
           once_and_not_twice, rows_that_were_read_half, data_through_the_socket, files_are_the_callers, a_million_rows, interrupts,
           leavers_leave_nothing, planted_before, planted_beside, garbage_is_closed, other_users_are_refused, any_path_will_do])
