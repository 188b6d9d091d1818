#!/usr/bin/env python3
"""Types the transcripts of a page as a person would and compares what they show with what happens.

    transcripts.py PAGE PATH-OF-ROWAN [--update]

A transcript is a fenced block of kind `console`. A line "$ command" is typed at a shell; "$ rowan shell …" opens Rowan's own, at a
pseudo-terminal, and the lines behind its prompts are typed there, each when the prompt that the page shows has appeared. It stays open,
over blocks too, until "\\q" is typed, and meanwhile no "$" line may come: a page shows all that has to be typed. The lines below are what
was printed. All blocks of a page share one new folder, from top to bottom. Commit ids, times and the version differ from run to run: runs
of seven or more hexadecimal digits, times and versions compare as equal, and so does white space.

Blocks of kind `sql` are what one may type, without what comes of it: all of a page's run in one shell of their own, in a new folder, from
top to bottom, and must succeed. A block below the line "<!-- not replayed -->" is left alone.
--update writes what happened into the page, to be read before it is committed.
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

PROMPT = re.compile(r"^(\w+@[^=>\s]*[=-][*!]?>) ?(.*)$")
PROMPT_AT_END = re.compile(r"(?:^|[\n\r])(\w+@[^=>\s]*[=-][*!]?>) $")
CONTINUED = re.compile(r"^\w+@[^=>\s]*-[*!]?>$")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07")
ID = re.compile(r"\b[0-9a-f]{7,40}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::?\d\d)?)?")
VERSION = re.compile(r"\b\d+\.\d+\.\d+\b")
WAIT_SECONDS = 60


def comparable(lines):
    """The lines as they are compared: ids, times, versions and widths taken out."""
    result = []
    for line in lines:
        line = ID.sub("#", VERSION.sub("v", TIME.sub("@", line)))
        line = re.sub(r"-{2,}", "--", line)
        line = re.sub(r"\s+", " ", line).strip()
        if line:
            result.append(line)
    return result


def steps_of(block):
    """Splits a block into (line typed, lines printed)."""
    steps = []
    for line in block:
        if line.startswith("$ ") or PROMPT.match(line):
            steps.append((line, []))
        elif steps:
            steps[-1][1].append(line)
        elif line.strip():
            raise SystemExit(f"a transcript begins with output: {line}")
    return steps


class Shell:
    """`rowan shell` at a pseudo-terminal so wide that no line is broken."""

    def __init__(self, words, folder, environment):
        self.screen = ""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, dict(environment, TERM="xterm"))
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 1000, 0, 0))

    def read_some(self, seconds):
        """False: nothing more will come."""
        ready, _, _ = select.select([self.terminal], [], [], max(0, seconds))
        if not ready:
            raise SystemExit(f"FAILED: no prompt came; the screen held:\n{self.screen!r}")
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # Linux: the other end is closed.
            return False
        self.screen = ESCAPES.sub("", self.screen + data.decode("utf-8", "replace"))
        return bool(data)

    def printed(self):
        """The lines up to the next prompt, and the prompt; None at the shell's end."""
        end = time.monotonic() + WAIT_SECONDS
        while not (prompt := PROMPT_AT_END.search(self.screen)) or termios.tcgetattr(self.terminal)[3] & termios.ECHO:
            if prompt:  # It is printed just before the editor takes the terminal over.
                time.sleep(0.01)
            elif not self.read_some(end - time.monotonic()):
                break
        text, self.screen = self.screen, ""
        if prompt:
            text = text[:prompt.start(1)]
        lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in text.split("\n")]
        return lines, prompt.group(1) if prompt else None

    def type(self, line):
        """What comes of a line, behind its echo."""
        os.write(self.terminal, (line + "\r").encode())
        end = time.monotonic() + WAIT_SECONDS
        while "\n" not in self.screen and self.read_some(end - time.monotonic()):
            pass
        self.screen = self.screen.partition("\n")[2]
        return self.printed()

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.process, 0)


class Replay:
    def __init__(self, rowan, folder):
        self.rowan = rowan
        self.folder = folder
        self.shell = None
        self.prompt = None
        self.environment = dict(os.environ, HOME=folder, LC_ALL="C.UTF-8", GIT_AUTHOR_NAME="Ada", GIT_AUTHOR_EMAIL="ada@example.org",
                                GIT_COMMITTER_NAME="Ada", GIT_COMMITTER_EMAIL="ada@example.org", GIT_CONFIG_NOSYSTEM="1", GIT_PAGER="cat",
                                PATH=os.path.dirname(rowan) + os.pathsep + os.environ["PATH"])

    def step(self, typed):
        """The lines that come of a typed one; it says so when the page cannot be typed like that."""
        if typed.startswith("$ "):
            if self.shell:
                return [f"(the shell is still open at {self.prompt})"]
            return self.open_shell(typed[2:]) if typed.startswith("$ rowan shell ") else self.run(typed[2:])
        prompt, line = PROMPT.match(typed).groups()
        if not self.shell:
            return ["(no shell is open)"]
        if prompt != self.prompt:
            return [f"(the prompt is {self.prompt})"]
        lines, self.prompt = self.shell.type(line)
        if self.prompt is None:
            self.close()
        return lines

    def open_shell(self, command):
        self.shell = Shell(command.split(), self.folder, self.environment)
        lines, self.prompt = self.shell.printed()
        if self.prompt is None:
            self.close()
        return lines

    def run(self, command):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return done.stdout.splitlines()

    def close(self):
        if self.shell:
            self.shell.close()
        self.shell = self.prompt = None


def blocks_of(lines, kind):
    """(first, behind the last) line of each fenced block of a kind that is to be replayed."""
    at = 0
    while at < len(lines):
        if lines[at] == "```" + kind and not (at > 0 and lines[at - 1] == "<!-- not replayed -->"):
            end = lines.index("```", at)
            yield at + 1, end
            at = end
        at += 1


def replay_console(lines, rowan, update):
    """Gives the number of steps, that of steps that differ, and the page as it should be."""
    output, count, failures, done = [], 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        replay = Replay(rowan, folder)
        for begin, end in blocks_of(lines, "console"):
            output += lines[done:begin]
            for typed, expected in steps_of(lines[begin:end]):
                happened = [line.rstrip() for line in replay.step(typed)]
                while happened and not happened[-1].strip():
                    happened.pop()
                while happened and not happened[0].strip():
                    happened.pop(0)
                count += 1
                if comparable(expected) != comparable(happened):
                    failures += 1
                    if not update:
                        print("FAILED:", typed, "the page shows:", *expected, sep="\n  ")
                        print("it printed:", *happened, sep="\n  ")
                    continues = replay.prompt and CONTINUED.match(replay.prompt)
                    expected = happened + ([] if continues else [""])
                output += [typed] + expected
            if output[-1] == "":
                output.pop()
            done = end
        replay.close()
    return count, failures, output + lines[done:]


def replay_sql(lines, rowan):
    """Gives the number of blocks and that of blocks that fail."""
    count = failures = 0
    with tempfile.TemporaryDirectory() as folder:
        replay = Replay(rowan, folder)
        replay.run("rowan init shop.git")
        script = []
        for begin, end in blocks_of(lines, "sql"):
            count += 1
            script += lines[begin:end]
        done = subprocess.run([rowan, "sql", "shop.git"], cwd=folder, env=replay.environment, input="\n".join(script),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False) if script else None
        if done and done.returncode != 0:
            failures += 1
            print("FAILED: the page's sql:", done.stdout, sep="\n")
    return count, failures


def main():
    page, rowan = sys.argv[1], os.path.realpath(sys.argv[2])
    update = "--update" in sys.argv[3:]
    with open(page, encoding="utf-8") as file:
        lines = file.read().split("\n")
    count, failures, output = replay_console(lines, rowan, update)
    if update:
        with open(page, "w", encoding="utf-8") as file:
            file.write("\n".join(output))
        print(f"{count} steps, {failures} written anew")
        failures = 0
    blocks, failed = replay_sql(lines, rowan)
    print(f"{count} steps typed, {failures} differ; {blocks} blocks of SQL run, {failed} fail")
    return 1 if failures or failed or count + blocks == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
