#!/usr/bin/env python3
"""Several programs on one repository: the first serves the others, and when it ends one of them goes on in its place.

  sharing.py ROWAN [--long]
"""
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

ROWAN = os.path.abspath(sys.argv[1])
LONG = "--long" in sys.argv
PATIENCE = 30


def check(holds, *what):
    if not holds:
        raise AssertionError(" ".join(str(part) for part in what))


class Shell:
    """`rowan shell DIR` that lives, and is asked one thing after the other."""

    def __init__(self, folder, *options, cwd=None):
        self.process = subprocess.Popen([ROWAN, "shell", folder, *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=cwd)

    def send(self, sql):
        self.process.stdin.write((sql + "\n").encode())
        self.process.stdin.flush()

    def ask(self, sql, patience=PATIENCE):
        """What it says to standard output and to standard error until it has answered all of `sql`."""
        self.send(sql if sql.endswith(";") else sql + ";")
        self.send("\\timing off")
        return self.wait("Timing is off.", patience)

    def wait(self, mark, patience):
        out, err = b"", b""
        streams = [self.process.stdout, self.process.stderr]
        until = time.monotonic() + patience
        while mark.encode() + b"\n" not in out:
            ready, _, _ = select.select(streams, [], [], max(0, until - time.monotonic()))
            check(ready, "no answer in time; so far:", out, err)
            for stream in ready:
                got = os.read(stream.fileno(), 1 << 16)
                if not got:
                    streams.remove(stream)
                if stream is self.process.stdout:
                    out += got
                else:
                    err += got
            check(self.process.stdout in streams, "it ended:", out, err)
        while select.select([self.process.stderr], [], [], 0)[0]:
            got = os.read(self.process.stderr.fileno(), 1 << 16)
            if not got:
                break
            err += got
        return out.decode().replace(mark + "\n", ""), err.decode()

    def value(self, sql):
        out, err = self.ask(sql)
        lines = out.splitlines()
        check(len(lines) >= 4, sql, "gave", out, err)
        return lines[2].strip()

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        return code, self.process.stderr.read().decode()

    def kill(self):
        self.process.kill()
        self.process.wait()


def rowan(*words, cwd=None, code=0, input=None):
    done = subprocess.run([ROWAN, *words], capture_output=True, text=True, cwd=cwd, input=input,
                          timeout=PATIENCE)
    check(code is None or done.returncode == code, words, "gave", done.returncode, done.stdout,
          done.stderr)
    return done.stdout + done.stderr


def is_sound(folder):
    rowan("check", folder)
    done = subprocess.run(["git", "--git-dir", folder, "fsck", "--strict", "--no-progress"],
                          capture_output=True, text=True)
    check(done.returncode == 0, done.stdout, done.stderr)


def holder(folder):
    with open(os.path.join(folder, "rowan", "lock"), encoding="ascii") as lock:
        return int(lock.read())


def new_repository(temp, name):
    folder = os.path.join(temp, name + ".git")
    rowan("init", folder)
    rowan("sql", folder, "-c", "CREATE TABLE t(k int PRIMARY KEY, v text);"
                               "INSERT INTO t VALUES (1, 'one')")
    return folder


def two_shells(temp):
    folder = new_repository(temp, "two")
    first = Shell(folder)
    check(first.value("SELECT count(*) FROM t") == "1")
    second = Shell(folder)
    check(holder(folder) == first.process.pid)
    place = os.lstat(os.path.join(folder, "rowan", "socket"))
    check(stat.S_ISSOCK(place.st_mode) and stat.S_IMODE(place.st_mode) == 0o600, oct(place.st_mode))
    second.ask("INSERT INTO t VALUES (2, 'two')")
    check(first.value("SELECT count(*) FROM t") == "2")
    # Isolation between them is that of two sessions.
    first.ask("BEGIN; UPDATE t SET v = 'eins' WHERE k = 1;")
    check(second.value("SELECT v FROM t WHERE k = 1") == "one")
    first.ask("COMMIT;")
    check(second.value("SELECT v FROM t WHERE k = 1") == "eins")
    # Failures are those of a session here: state, position, hint.
    _, err = second.ask("SELECT nosuch FROM t;")
    check("42703" in err and "LINE 1" in err, err)
    # Notices and tags.
    _, err = second.ask("DROP TABLE IF EXISTS nosuch;")
    check("NOTICE" in err, err)
    # Each has a branch of its own.
    second.ask("CREATE BRANCH work; CHECKOUT work; INSERT INTO t VALUES (3, 'three');")
    check(first.value("SELECT count(*) FROM t") == "2")
    check(second.value("SELECT count(*) FROM t") == "3")
    check(first.end() == (0, ""))
    check(second.value("SHOW rowan.branch") == "work")
    check(second.value("SELECT count(*) FROM t") == "3")
    check(holder(folder) == second.process.pid)
    check(second.end()[0] == 0)
    check(not os.path.exists(os.path.join(folder, "rowan", "socket")))
    is_sound(folder)


def what_is_given_back(temp):
    folder = new_repository(temp, "back")
    first = Shell(folder)
    first.ask("SELECT 1;")
    others = [Shell(folder) for _ in range(3)]
    for i, other in enumerate(others):
        other.ask(f"CREATE BRANCH b{i}; CHECKOUT b{i}; SET work_mem = '{i + 5}MB';"
                  f"SELECT set_config('application_name', 'it''s {i}', false);")
        other.ask("BEGIN; SET search_path = nowhere; ROLLBACK;")
    first.end()
    for i, other in enumerate(others):
        check(other.value("SHOW rowan.branch") == f"b{i}")
        check(other.value("SHOW work_mem") == f"{i + 5}MB")
        check(other.value("SHOW application_name") == f"it's {i}")
        check("public" in other.value("SHOW search_path"))
        other.ask(f"INSERT INTO t VALUES (10, '{i}');")
    check(holder(folder) in [other.process.pid for other in others])
    for other in others:
        check(other.end()[0] == 0)
    check(rowan("sql", folder, "--format", "csv", "-c", "SELECT v FROM t AS OF 'b1' WHERE k = 10")
          .split() == ["v", "1"])
    is_sound(folder)


def open_transactions(temp):
    folder = new_repository(temp, "open")
    # One that ends in time is waited for.
    first = Shell(folder)
    first.ask("SELECT 1;")
    second = Shell(folder)
    second.ask("BEGIN; INSERT INTO t VALUES (2, 'two');")
    first.process.stdin.close()
    time.sleep(1)
    check(first.process.poll() is None, "it did not wait")
    out, err = second.ask("INSERT INTO t VALUES (3, 'three'); COMMIT;")
    check(err == "", err)
    first.process.wait(PATIENCE)
    check(second.value("SELECT count(*) FROM t") == "3")
    # One that does not is told so, and its block is failed.
    third = Shell(folder)
    third.ask("BEGIN; INSERT INTO t VALUES (4, 'four');")
    began = time.monotonic()
    second.end()
    waited = time.monotonic() - began
    check(4 < waited < 20, waited)
    _, err = third.ask("INSERT INTO t VALUES (5, 'five');")
    check("57P01" in err, err)
    _, err = third.ask("INSERT INTO t VALUES (6, 'six');")
    check("25P02" in err, err)
    _, err = third.ask("ROLLBACK;")
    check(err == "", err)
    check(third.value("SELECT count(*) FROM t") == "3")
    third.ask("INSERT INTO t VALUES (7, 'seven');")
    check(third.end()[0] == 0)
    # So is one whose process was killed.
    first, second = Shell(folder), None
    first.ask("SELECT 1;")
    second = Shell(folder)
    second.ask("BEGIN; INSERT INTO t VALUES (8, 'eight');")
    first.kill()
    _, err = second.ask("INSERT INTO t VALUES (9, 'nine');")
    check("08006" in err, err)
    _, err = second.ask("COMMIT;")
    check(second.value("SELECT count(*) FROM t") == "4")
    check(second.end()[0] == 0)
    is_sound(folder)


def killed_writers(temp, rounds):
    """kill -9 of whoever has the repository, while the others commit."""
    folder = new_repository(temp, "kill")
    rowan("sql", folder, "-c", "CREATE TABLE c(who int, n int, PRIMARY KEY (who, n))")
    said = {}
    unknown = 0
    for turn in range(rounds):
        shells = []
        for i in range(4):
            shells.append(Shell(folder))
            shells[-1].ask("SELECT 1;")
        victim = next(shell for shell in shells if shell.process.pid == holder(folder))
        stop = threading.Event()
        problems = []

        def commit(number, shell):
            try:
                n = 0
                after = 0
                while after < 5:
                    n += 1
                    out, err = shell.ask(f"INSERT INTO c VALUES ({number}, {n});")
                    if "INSERT 0 1" in out:
                        said.setdefault(number, {})[n] = True
                    else:
                        state = re.search(r"ERROR: +(\w{5}):", err)
                        check(state and state[1] in ("08006", "08007"), out, err)
                        said.setdefault(number, {})[n] = None if state[1] == "08007" else False
                    after += stop.is_set()
            except Exception as problem:  # Told by the main thread.
                problems.append(problem)

        threads = [threading.Thread(target=commit, args=(turn * 10 + i, shell))
                   for i, shell in enumerate(shells) if shell is not victim]
        for thread in threads:
            thread.start()
        time.sleep(0.3 + 0.1 * (turn % 5))
        victim.kill()
        stop.set()
        for thread in threads:
            thread.join()
        check(not problems, problems)
        check(holder(folder) in [s.process.pid for s in shells if s is not victim])
        for shell in shells:
            if shell is not victim:
                check(shell.end()[0] == 0)
        is_sound(folder)
    out = rowan("sql", folder, "--format", "csv", "-c", "SELECT who, n FROM c")
    there = {tuple(map(int, line.split(","))) for line in out.split()[1:]}
    for number, rows in said.items():
        for n, outcome in rows.items():
            if outcome is True:
                check((number, n) in there, "lost:", number, n)
            elif outcome is False:
                check((number, n) not in there, "told to be gone, and there:", number, n)
            else:
                unknown += 1
    known = {(number, n) for number, rows in said.items() for n in rows}
    check(there <= known, "rows that nobody wrote:", there - known)
    print(f"killed_writers: {len(there)} rows, {unknown} commits in doubt, {rounds} kills")


def beside_a_server(temp):
    """Every command says beside a server what it says alone."""
    folder = new_repository(temp, "served")
    rowan("sql", folder, "-c", "CREATE BRANCH work; CHECKOUT work; UPDATE t SET v = 'uno'; CHECKOUT main;"
                               "INSERT INTO t VALUES (2, 'two'); CREATE TAG v1")
    commands = [
        ["log", "{}"], ["log", "{}", "--oneline"], ["diff", "{}", "v1", "work"], ["blame", "{}", "t"],
        ["branch", "{}"], ["tag", "{}"], ["reflog", "{}"], ["check", "{}"], ["checkpoint", "{}"],
        ["foreign", "list", "{}"], ["status", "{}"],
        ["sql", "{}", "-c", "SELECT * FROM t ORDER BY k"],
        ["sql", "{}", "-c", "SELECT nosuch"],
        ["sql", "{}", "--branch", "work", "-c", "SELECT * FROM t"],
        ["sql", "{}", "--read-only", "-c", "SELECT * FROM t"],
        ["export", "{}", "t", "-"], ["branch", "{}", "nosuch/..", "--from", "main"],
        ["merge", "{}", "nosuch"], ["branch", "{}", "--delete", "nosuch"],
    ]
    alone = [rowan(*[word.format(folder) for word in words], code=None) for words in commands]
    server = subprocess.Popen([ROWAN, "serve", folder, "--port", "0"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    server.stdout.readline()
    for words, before in zip(commands, alone):
        after = rowan(*[word.format(folder) for word in words], code=None)
        check(before == after, words, "alone:", before, "beside a server:", after)
    for words in (["branch", folder, "other"], ["merge", folder, "work"], ["tag", folder, "v2"],
                  ["sql", folder, "-c", "INSERT INTO t VALUES (3, 'three')"]):
        rowan(*words)
    # Data goes both ways, from and to files where the command runs.
    here = os.path.join(temp, "here")
    os.mkdir(here)
    with open(os.path.join(here, "in.csv"), "w", encoding="ascii") as data:
        data.writelines(f"{k},row {k}\n" for k in range(100, 20100))
    rowan("sql", folder, "-c", "COPY t FROM 'in.csv' WITH (FORMAT csv)", cwd=here)
    rowan("sql", folder, "-c", "COPY t TO 'out.csv' WITH (FORMAT csv)", cwd=here)
    with open(os.path.join(here, "out.csv"), encoding="ascii") as data:
        check(sum(1 for _ in data) == 20003)
    rowan("sql", folder, "-c", "COPY t FROM STDIN WITH (FORMAT csv)",
          input="".join(f"{k},more {k}\n" for k in range(30000, 50000)))
    check(len(rowan("sql", folder, "-c", "COPY t TO STDOUT").splitlines()) == 40003)
    check(len(rowan("sql", folder, "--format", "csv", "-c",
                    "SELECT a.k, b.v FROM t a, t b WHERE b.k < 105").splitlines()) > 200000)
    server.send_signal(signal.SIGTERM)
    check(server.wait(PATIENCE) == 0, server.stderr.read())
    is_sound(folder)
    # And a server beside a shell, which takes over from it.
    shell = Shell(folder)
    shell.ask("SELECT 1;")
    server = subprocess.Popen([ROWAN, "serve", folder, "--port", "0"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    check("Serving" in server.stdout.readline())
    check(holder(folder) == shell.process.pid)
    shell.end()
    rowan("sql", folder, "-c", "INSERT INTO t VALUES (4, 'four')")
    server.send_signal(signal.SIGTERM)
    check(server.wait(PATIENCE) == 0, server.stderr.read())
    is_sound(folder)


def interrupted(temp):
    folder = new_repository(temp, "interrupt")
    first = Shell(folder)
    first.ask("SELECT 1;")
    second = Shell(folder)
    second.send("SELECT count(*) FROM generate_series(1, 100000000000);")
    time.sleep(1)
    second.process.send_signal(signal.SIGINT)
    second.process.stdin.close()
    second.process.wait(20)
    check("57014" in second.process.stderr.read().decode())
    second = Shell(folder)
    # Who leaves in the middle of a statement or of rows takes nothing along.
    third = Shell(folder)
    third.send("BEGIN; INSERT INTO t VALUES (2, 'two'); "
               "SELECT count(*) FROM generate_series(1, 100000000000);")
    time.sleep(0.5)
    third.kill()
    check(second.value("SELECT count(*) FROM t") == "1")
    for shell in (first, second):
        check(shell.end()[0] == 0)
    is_sound(folder)


def planted(temp):
    """Whatever lies in the socket's place does no harm."""
    folder = new_repository(temp, "planted")
    place = os.path.join(folder, "rowan", "socket")
    victim = os.path.join(temp, "victim")
    with open(victim, "w", encoding="ascii") as data:
        data.write("mine")

    def file():
        with open(place, "w", encoding="ascii") as data:
            data.write("x")

    def foreign():
        left = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(os.path.dirname(place))
        left.bind("socket")
        os.chdir(here)

    for plant in (file, lambda: os.symlink(victim, place), lambda: os.mkfifo(place), foreign):
        plant()
        rowan("sql", folder, "-c", "SELECT 1")
        first = Shell(folder)
        first.ask("SELECT 1;")
        rowan("sql", folder, "-c", "UPDATE t SET v = v || '.'")
        # While it is served, too: named, and nothing is followed.
        os.unlink(place)
        plant()
        if plant is not foreign:
            check("socket" in rowan("sql", folder, "-c", "UPDATE t SET v = 'x'", code=None))
        os.unlink(place)
        first.end()
    with open(victim, encoding="ascii") as data:
        check(data.read() == "mine")
    os.mkdir(place)
    rowan("sql", folder, "-c", "SELECT 1")
    os.rmdir(place)
    # A process that says what cannot be understood.
    first = Shell(folder)
    first.ask("SELECT 1;")
    here = os.getcwd()
    os.chdir(os.path.dirname(place))
    for junk in (b"", b"\0", b"\0\0\0\0", b"\xff" * 64, b"\x01\0\0\0\x00", b"GET / HTTP/1.1\r\n\r\n",
                 b"\x10\0\0\0\x00rowan sharing 1" + b"\x02\0\0\0\x05\x07" * 20):
        client = socket.socket(socket.AF_UNIX)
        client.connect("socket")
        client.sendall(junk)
        client.shutdown(socket.SHUT_WR)
        client.settimeout(20)
        try:
            while client.recv(1 << 16):
                pass
        except ConnectionResetError:
            pass
        client.close()
    os.chdir(here)
    check(first.value("SELECT count(*) FROM t") == "1")
    check(first.end()[0] == 0)
    is_sound(folder)


def main():
    temp = tempfile.mkdtemp(prefix="rowan-sharing-")
    try:
        if LONG:
            killed_writers(temp, 60)
            return
        for case in (two_shells, what_is_given_back, open_transactions, beside_a_server, interrupted,
                     planted):
            began = time.monotonic()
            case(temp)
            print(f"{case.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        killed_writers(temp, 3)
    finally:
        shutil.rmtree(temp, ignore_errors=True)


main()
