#!/usr/bin/env python3
"""Replays the transcripts of a page of docs/ and compares what they show with what happens.

    transcripts.py PAGE PATH-OF-ROWAN [--update]

A transcript is a fenced block of kind `console`. A line "$ command" runs in a shell; a line "shop@main=> statement;" (continued by
"shop@main->") runs in `rowan sql shop.git --branch main`; the lines below are what was printed. All blocks of a page share one new
folder, from top to bottom. Commit ids and times differ from run to run: runs of seven or more hexadecimal digits and times compare
as equal, and so does white space. A block below the line "<!-- not replayed -->" is left alone.
--update writes what happened into the page, to be read before it is committed.
"""
import os
import re
import subprocess
import sys
import tempfile

PROMPT = re.compile(r"^(\w+)@([^=>]*?)([=-])> ?(.*)$")
ID = re.compile(r"\b[0-9a-f]{7,40}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::?\d\d)?)?")


def comparable(lines):
    """The lines as they are compared: ids, times and widths taken out."""
    result = []
    for line in lines:
        line = ID.sub("#", TIME.sub("@", line))
        line = re.sub(r"-{2,}", "--", line)
        line = re.sub(r"\s+", " ", line).strip()
        if line:
            result.append(line)
    return result


def steps_of(block):
    """Splits a block into (input lines, output lines)."""
    steps = []
    for line in block:
        prompt = PROMPT.match(line)
        continues = prompt and prompt.group(3) == "-"
        if (line.startswith("$ ") or prompt) and not continues:
            steps.append(([line], []))
        elif continues and steps and not steps[-1][1]:
            steps[-1][0].append(line)
        elif steps:
            steps[-1][1].append(line)
        elif line.strip():
            raise SystemExit(f"a transcript begins with output: {line}")
    return steps


class Replay:
    def __init__(self, rowan, folder):
        self.rowan = rowan
        self.folder = folder
        self.environment = dict(os.environ, HOME=folder, LC_ALL="C.UTF-8", GIT_AUTHOR_NAME="Ada", GIT_AUTHOR_EMAIL="ada@example.org",
                                GIT_COMMITTER_NAME="Ada", GIT_COMMITTER_EMAIL="ada@example.org", GIT_CONFIG_NOSYSTEM="1", GIT_PAGER="cat",
                                PATH=os.path.dirname(rowan) + os.pathsep + os.environ["PATH"])

    def run(self, command):
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return done.stdout.splitlines()

    def step(self, inputs):
        if inputs[0].startswith("$ "):
            return self.run(["bash", "-c", inputs[0][2:]])
        name, branch = PROMPT.match(inputs[0]).group(1, 2)
        statement = "\n".join(PROMPT.match(line).group(4) for line in inputs)
        return self.run([self.rowan, "sql", name + ".git", "--branch", branch, "-c", statement])


def main():
    page, rowan = sys.argv[1], os.path.realpath(sys.argv[2])
    update = "--update" in sys.argv[3:]
    with open(page, encoding="utf-8") as file:
        lines = file.read().split("\n")
    failures = 0
    count = 0
    output = []
    with tempfile.TemporaryDirectory() as folder:
        replay = Replay(rowan, folder)
        at = 0
        while at < len(lines):
            output.append(lines[at])
            if lines[at] != "```console" or (at > 0 and lines[at - 1] == "<!-- not replayed -->"):
                at += 1
                continue
            end = lines.index("```", at)
            for inputs, expected in steps_of(lines[at + 1:end]):
                happened = [line.rstrip() for line in replay.step(inputs)]
                count += 1
                if comparable(expected) != comparable(happened):
                    failures += 1
                    if not update:
                        print("FAILED:", "\n".join(inputs))
                        print("the page shows:", *expected, sep="\n  ")
                        print("it printed:", *happened, sep="\n  ")
                    expected = happened
                output += inputs + (expected if update else [])
                if update and expected and expected[-1] != "":
                    output.append("")
            if update and output[-1] == "":
                output.pop()
            at = end
    if update:
        with open(page, "w", encoding="utf-8") as file:
            file.write("\n".join(output))
        print(f"{count} steps, {failures} written anew")
        return 0
    print(f"{count} steps replayed, {failures} differ")
    return 1 if failures or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
