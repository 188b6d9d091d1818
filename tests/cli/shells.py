"""Several programs on one repository: shells that are talked to over pipes, and what is asked of all of them."""
import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROWAN = os.path.realpath(sys.argv[1])
WAIT_SECONDS = 60  # For what must come; nothing depends on how fast it does.
MARK = "\\timing off\n"  # A command of the shell's own: it is answered whatever became of the connection.
MARKED = "Timing is off.\n"


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def expect(found, wanted, what=""):
    check(found == wanted, f"{what}\nfound  {found!r}\nwanted {wanted!r}")


def wait_until(condition, what, seconds=WAIT_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(0.01)


def environment(home):
    return dict(os.environ, HOME=home, LC_ALL="C.UTF-8", TZ="UTC", GIT_AUTHOR_NAME="Tester",
                GIT_AUTHOR_EMAIL="tester@example.org", ROWAN_PASSWORD="sesame")


class Program:
    """One run of `rowan`; what it prints and says comes in one stream."""

    running = []  # Of all tests: what one leaves that fails.

    def __init__(self, home, *words):
        self.home, self.words, self.seen = home, words, ""
        Program.running.append(self)
        self.process = subprocess.Popen([ROWAN, *words], cwd=home, env=environment(home), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)

    @property
    def pid(self):
        return self.process.pid

    def send(self, text):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(text.encode())

    def until(self, text, seconds=WAIT_SECONDS):
        """What came before `text`; None when the program ended before."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            check(ready, f"rowan {' '.join(self.words)}: {text!r} did not come within {seconds} s, but {self.seen[-500:]!r}")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self.seen += data.decode("utf-8", "replace")
        before, self.seen = self.seen.split(text, 1)
        return before

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def exit_code(self, seconds=WAIT_SECONDS):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait(seconds)
        self.seen += self.process.stdout.read().decode("utf-8", "replace")
        self.process.stdout.close()
        return code


class Shell(Program):
    """`rowan shell`, a statement at a time."""

    def __init__(self, home, *more, repository="t.git"):
        super().__init__(home, "shell", repository, *more)
        self.ask("")

    def start(self, text):
        self.send(text + "\n" + MARK)

    def answer(self, seconds=WAIT_SECONDS):
        told = self.until(MARKED, seconds)
        check(told is not None, f"the shell ended: {self.seen}")
        return told

    def ask(self, text, seconds=WAIT_SECONDS):
        self.start(text)
        return self.answer(seconds)

    def does(self, text, wanted):
        told = self.ask(text)
        check(told.startswith(wanted), f"{text}\nfound  {told!r}\nwanted {wanted!r}")

    def fails(self, text, sqlstate):
        told = self.ask(text)
        check(state_of(told) == sqlstate, f"{text}\nfound  {told!r}\nwanted {sqlstate}")
        return told

    def rows(self, query):
        told = self.ask(query)
        check(state_of(told) is None, f"{query}\nfound  {told!r}")
        lines = told.splitlines()
        first = next((i for i, line in enumerate(lines) if re.fullmatch(r"-+(\+-+)*", line)), None)
        check(first is not None, f"{query}: no table in {told!r}")
        return ["|".join(cell.strip() for cell in line.split("|")) for line in lines[first + 1:]
                if not re.fullmatch(r"\(\d+ rows?\)|", line)]

    def value(self, query):
        found = self.rows(query)
        check(len(found) == 1, f"{query}: found {found}")
        return found[0]

    def leave(self):
        expect(self.exit_code(), 0, "the shell's exit code; it said " + self.seen)


class Serving(Program):
    """`rowan serve` on a repository."""

    def __init__(self, home, repository="t.git"):
        super().__init__(home, "serve", repository, "--port", "0", "--socket-dir", home)
        told = self.until("psql ")
        check(told is not None, f"the server did not start: {self.seen}")
        self.port = int(re.search(r" on [0-9.]+:(\d+)", told)[1])

    def stop(self):
        self.signal(signal.SIGTERM)
        expect(self.exit_code(), 0, "the server's exit code; it said " + self.seen)


def state_of(told):
    """The SQLSTATE of the failure in what was told, if there is one."""
    found = re.search(r"ERROR:  ([0-9A-Z]{5}): ", told)
    return found[1] if found else None


def run(home, *words, data=b"", seconds=30):
    """One command to its end: exit code (None: it has to be killed), output, errors."""
    try:
        done = subprocess.run([ROWAN, *words], cwd=home, env=environment(home), input=data, capture_output=True,
                              timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, "", f"no end within {seconds} s"
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def sql(home, *texts, repository="t.git"):
    code, out, err = run(home, "sql", repository, *[word for text in texts for word in ("-c", text)])
    check(code == 0, f"{texts}: {code} {out} {err}")
    return out


def writer_of(home, repository="t.git"):
    """The process that has the repository open for writing, by its own word; None: nobody."""
    with open(f"{home}/{repository}/rowan/lock", encoding="ascii") as lock:
        word = lock.read().strip()
    return int(word) if word and os.path.exists(f"/proc/{word}") else None


def prove_sound(home, repository="t.git"):
    code, out, err = run(home, "check", repository, seconds=900)  # Of many commits.
    expect((code, out), (0, "No problem found.\n"), err)
    done = subprocess.run(["git", "--git-dir", repository, "fsck", "--strict", "--no-progress"], cwd=home,
                          capture_output=True, text=True)
    expect(done.returncode, 0, done.stdout + done.stderr)


@contextlib.contextmanager
def place(*statements):
    """A folder with a new repository t.git in it."""
    home = tempfile.mkdtemp(prefix="rowan-shared-")
    try:
        expect(run(home, "init", "t.git")[0], 0, "init")
        if statements:
            sql(home, *statements)
        yield home
    finally:
        for program in Program.running:
            if program.process.poll() is None:
                program.kill()
        Program.running.clear()
        shutil.rmtree(home, ignore_errors=True)


def run_parts(parts):
    """Those that are named behind the program, else all; the first that fails ends the test."""
    for part in parts:
        if len(sys.argv) > 2 and part.__name__ not in sys.argv[2:]:
            continue
        start = time.monotonic()
        part()
        print(f"{part.__name__}: passed, {time.monotonic() - start:.1f} s", flush=True)
