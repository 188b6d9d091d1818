#!/usr/bin/env python3
"""Proves what the shell does at a terminal: prompts, history, completion, Ctrl-C, COPY that is typed, and a clean end.

Drives `rowan shell` through a pseudo-terminal and waits for what must appear; nothing depends on how fast it appears.
    terminal.py PATH-OF-ROWAN
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

ROWAN = os.path.realpath(sys.argv[1])
WAIT_SECONDS = 30
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07")


class Shell:
    """One run of the shell: what was printed since the last match waits in `screen`."""

    def __init__(self, home, *arguments):
        self.screen = ""
        environment = dict(os.environ, HOME=home, TERM="xterm", LC_ALL="C.UTF-8")
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(home)
            os.execve(ROWAN, [ROWAN, *arguments], environment)

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def read_some(self, seconds):
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # Linux: the other end is closed.
            return False
        self.screen = ESCAPES.sub("", self.screen + data.decode("utf-8", "replace"))
        return bool(data)

    def wait_for(self, text):
        end = time.monotonic() + WAIT_SECONDS
        while text not in self.screen:
            if not self.read_some(end - time.monotonic()):
                sys.exit(f"FAILED: {text!r} did not appear; the screen held:\n{self.screen!r}")
        at = self.screen.index(text) + len(text)
        seen, self.screen = self.screen[:at], self.screen[at:]
        if text.endswith("> "):
            self.wait_for_editor(end)
        return seen

    def wait_for_editor(self, end):
        """The prompt is printed just before the editor takes the terminal over: keys sent in between would be echoed."""
        while termios.tcgetattr(self.terminal)[3] & termios.ECHO and time.monotonic() < end:
            time.sleep(0.01)

    def run(self, statement, *expected):
        self.type(statement + "\r")
        for text in expected:
            self.wait_for(text)

    def exit_code(self):
        while self.read_some(WAIT_SECONDS):
            pass
        _, status = os.waitpid(self.process, 0)
        os.close(self.terminal)
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def last_subject(home, branch="main"):
    command = ["git", "--git-dir", f"{home}/shop.git", "log", "-1", "--format=%s", branch]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def statements_and_prompts(home):
    shell = Shell(home, "shell", "shop.git")
    shell.wait_for("shop@main=> ")
    shell.run("CREATE TABLE people (id int PRIMARY KEY,", "shop@main-> ")
    shell.run("  name text);", "CREATE TABLE", "shop@main=> ")
    shell.run("INSERT INTO people VALUES (1, 'Ada'), (2, NULL);", "INSERT 0 2", "=> ")
    shell.run("SELECT * FROM people ORDER BY id;", " id | name", "  1 | Ada", "(2 rows)", "=> ")
    shell.run("/* what follows", "-> ")  # A comment is not over with its line.
    shell.run("\\q; SELECT 'no' */ SELECT 'ye' || 's';", " yes", "=> ")
    shell.run("SELECT nope", "-> ")
    shell.run("FROM people;", "ERROR:  42703", "LINE 1: SELECT nope", "^", "=> ")
    shell.run("\\d people", 'Table "public.people"', "not null", "people_pkey PRIMARY KEY (id)", "=> ")
    shell.run("\\dt", "people", "=> ")
    shell.run("\\timing", "Timing is on.", "=> ")
    shell.run("SELECT 1;", "Time: ", " ms", "=> ")
    shell.run("\\?", "SHOW BRANCHES", "=> ")
    shell.run("BEGIN;", "shop@main=*> ")
    shell.run("COMMIT; COMMIT;", "WARNING:", "shop@main=> ")
    shell.run("BEGIN;", "shop@main=*> ")
    shell.run("SELECT 1/0;", "22012", "shop@main=!> ")
    shell.run("ROLLBACK;", "shop@main=> ")
    shell.run("CREATE BRANCH next-year;", "=> ")
    shell.run("CHECKOUT next-year;", "shop@next-year=> ")
    shell.run("\\q")
    check(shell.exit_code() == 0, "\\q must leave with 0")
    check(last_subject(home) == "public.people: +2 ~0 -0", "closing must publish what was committed")


def history_and_completion(home):
    shell = Shell(home, "sql", "shop.git")  # At a terminal that is the shell too.
    shell.wait_for("=> ")
    shell.type("\x1b[A\x1b[A\x1b[A\x1b[A")
    shell.wait_for("ROLLBACK;")
    shell.type("\x03")
    shell.wait_for("=> ")
    shell.type("\x12FROM peo\x1b")  # Ctrl-R finds the statement of two lines, and recalls it whole.
    shell.wait_for("SELECT nope")
    shell.type("\r")
    shell.wait_for("42703")
    shell.wait_for("=> ")
    shell.type("SELECT na\t")
    shell.wait_for("natural")
    shell.type("me FROM peo\t")
    shell.wait_for("ple ")  # The editor sends only what is new.
    shell.run("WHERE id = 1;", "Ada", "=> ")
    shell.type("CHECKOUT next\t")
    shell.wait_for("-year ")
    shell.run(";", "shop@next-year=> ")
    shell.type("\\tim\t")
    shell.wait_for("ing ")
    shell.type("\x03")
    shell.wait_for("=> ")
    shell.type("\x04")
    check(shell.exit_code() == 0, "Ctrl-D must leave with 0")


def interrupts(home):
    shell = Shell(home, "shell", "shop.git")
    shell.wait_for("=> ")
    shell.run("SELECT something that", "-> ")
    shell.type("is dropped\x03")
    shell.wait_for("shop@main=> ")
    shell.run("SELECT 7 AS seven;", "7", "(1 row)", "=> ")
    for statement in (
        "SELECT count(*) FROM generate_series(1, 90000000000000) a(x);",
        "SELECT count(*) FROM generate_series(1, 200000) a(x), generate_series(1, 200000) b(y) WHERE a.x < b.y;",
    ):
        shell.run(statement, "\n")
        time.sleep(0.5)
        shell.type("\x03")
        shell.wait_for("57014")
        shell.wait_for("shop@main=> ")
    shell.run("COPY people FROM STDIN (FORMAT csv);", ">> ")
    shell.run("8,Eve", ">> ")
    shell.type("9,M\x03")
    shell.wait_for("57014")
    shell.wait_for("=> ")
    shell.run("COPY people FROM STDIN (FORMAT csv);", ">> ")
    shell.run("3,Grace", ">> ")
    shell.run("\\.", "COPY 1", "=> ")
    shell.run("COPY people FROM STDIN;", ">> ")
    shell.run("4\tAlan", ">> ")  # In data a Tab is a tab.
    shell.type("\x04")
    shell.wait_for("COPY 1")
    shell.run("SELECT count(*) AS people FROM people;", "4", "(1 row)", "=> ")
    os.kill(shell.process, signal.SIGTERM)
    check(shell.exit_code() == 128 + signal.SIGTERM, "SIGTERM must end the shell")
    check(last_subject(home) == "public.people: +1 ~0 -0", "SIGTERM must close the repository")


def hang_up(home):
    shell = Shell(home, "shell", "shop.git")
    shell.wait_for("=> ")
    shell.run("INSERT INTO people VALUES (5, 'Edsger'), (6, 'Barbara');", "INSERT 0 2", "=> ")
    os.close(shell.terminal)  # The window is closed.
    os.waitpid(shell.process, 0)
    check(last_subject(home) == "public.people: +2 ~0 -0", "a closed terminal must close the repository")


def main():
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([ROWAN, "init", "shop.git"], cwd=home, check=True, capture_output=True)
        for part in (statements_and_prompts, history_and_completion, interrupts, hang_up):
            part(home)
            print(f"{part.__name__}: passed")


main()
