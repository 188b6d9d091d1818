"""Folders that came from anybody: whatever stands in the place of a file of a repository, Rowan runs nothing, writes nothing
outside, does not hang, and either answers rightly or names what is wrong; and put back, the folder opens.

usage: attack.py ROWAN [--all]       without --all a sample of the flipped bits
"""

import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

import caches
import crafted

SECONDS_MAX = 60  # Of one command, on a busy machine.
RIGHT = "3|6"
QUERY = "SELECT count(*), sum(n) FROM item WHERE id <= 3"
WRITE = "INSERT INTO item VALUES ({0}, 'new', {0})"
ODD_BRANCH = "$(touch${IFS}PWNED)"

failures = []


def expect(holds, *words):
    if not holds:
        failures.append(" ".join(str(word) for word in words))
        print("FAILED:", failures[-1], flush=True)


class Ended:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.state = (re.findall(r"\b([0-9A-Z]{5})\b:?", err) or [""])[0]

    def __str__(self):
        return f"exit {self.code}, {self.out!r}, {self.err!r}"


class World:
    """A folder with repositories in it, and a tree beside them that nobody may touch."""

    def __init__(self, rowan):
        self.rowan = os.path.realpath(rowan)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rowan-attack-")).resolve()
        self.decoy = self.root / "outside"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.root / "home"), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org"}
        (self.root / "home").mkdir()
        (self.decoy / "folder").mkdir(parents=True)
        (self.decoy / "keep").write_text("export PATH=/usr/bin\n" * 9)
        (self.decoy / "empty").touch()
        (self.decoy / "folder" / "inner").write_text("inner\n")
        self.numbers = 1000
        self.before = self.snapshot()

    def run(self, *words, environment=None, given=""):
        try:
            done = subprocess.run([self.rowan, *map(str, words)], input=given, capture_output=True, text=True,
                                  errors="replace", timeout=SECONDS_MAX, cwd=self.root,
                                  env={**self.environment, **(environment or {})})
        except subprocess.TimeoutExpired:
            return Ended("hang", "", "")
        return Ended(done.returncode, done.stdout, done.stderr)

    def git(self, folder, *words):
        done = subprocess.run(["git", "--git-dir", str(folder), *words], capture_output=True, text=True,
                              env=self.environment, cwd=self.root)
        return done.stdout.strip()

    def snapshot(self):
        seen = {}
        for path in [self.decoy, *self.decoy.rglob("*")]:
            facts = path.lstat()
            data = path.read_bytes() if stat.S_ISREG(facts.st_mode) else b""
            seen[str(path)] = (facts.st_mode, facts.st_size, hashlib.sha1(data).hexdigest())
        return seen

    def check_outside(self, what):
        expect(self.snapshot() == self.before, what, "changed something outside")
        found = [str(path) for path in self.root.rglob("PWNED*")]
        expect(not found, what, "ran something:", found)
        for path in found:
            os.remove(path)
        if self.snapshot() != self.before:
            shutil.rmtree(self.decoy)
            (self.decoy / "folder").mkdir(parents=True)
            (self.decoy / "keep").write_text("export PATH=/usr/bin\n" * 9)
            (self.decoy / "empty").touch()
            (self.decoy / "folder" / "inner").write_text("inner\n")

    def copy(self, source):
        folder = self.root / "victim.git"
        if os.path.lexists(folder):
            shutil.rmtree(folder)
        subprocess.run(["cp", "-a", str(source), str(folder)], check=True)
        return folder

    def answer(self, folder, *options):
        return self.run("sql", folder, *options, "--format", "csv", "-c", QUERY)

    def write(self, folder):
        self.numbers += 1
        return self.run("sql", folder, "--branch", "main", "-c", WRITE.format(self.numbers))


def is_right(ended):
    return ended.code == 0 and ended.out.splitlines()[-1:] == [RIGHT.replace("|", ",")]


def is_named(ended):
    """An error in Rowan's words: never a signal, an abort or a bug's own code."""
    return isinstance(ended.code, int) and 3 <= ended.code <= 21 and "ERROR" in ended.err and "XX000" not in ended.err


def make_repositories(world):
    closed = world.root / "closed.git"
    made = world.run("sql", "--help")
    assert made.code == 0, made
    assert world.run("init", closed).code == 0
    script = ("CREATE TABLE item (id integer PRIMARY KEY, name text, n integer); CREATE INDEX by_n ON item (n);"
              "CREATE SEQUENCE s; SELECT nextval('s');"
              "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);"
              f"CREATE BRANCH side; CREATE BRANCH \"{ODD_BRANCH}\"; CREATE TAG v1; SELECT id FROM item WHERE n = 2;")
    made = world.run("sql", closed, "-c", script)
    assert made.code == 0, made
    crashed = world.root / "crashed.git"
    subprocess.run(["cp", "-a", str(closed), str(crashed)], check=True)
    running = subprocess.Popen([world.rowan, "sql", str(crashed), "--format", "csv"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=world.environment)
    running.stdin.write("INSERT INTO item VALUES (4, 'd', 4); UPDATE item SET n = n + 10 WHERE id = 4; SELECT 'done';\n")
    running.stdin.flush()
    while "done" not in running.stdout.readline():
        pass
    running.send_signal(signal.SIGKILL)
    running.wait()
    return closed, crashed


# ---- What may stand in the place of a file --------------------------------------------------------------------------

def clear(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def instead(make):
    def change(path, world):
        clear(path)
        make(path, world)
    return change


def bound_socket(path, _):
    here = os.getcwd()
    os.chdir(path.parent)  # A socket's path is short.
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


KINDS = {
    "a link to a file": instead(lambda path, world: path.symlink_to(world.decoy / "keep")),
    "a link to nothing": instead(lambda path, world: path.symlink_to(world.decoy / "made")),
    "a link to a folder": instead(lambda path, world: path.symlink_to(world.decoy / "folder")),
    "a link to /dev/zero": instead(lambda path, world: path.symlink_to("/dev/zero")),
    "another name of a file": instead(lambda path, world: os.link(world.decoy / "keep", path)),
    "a FIFO": instead(lambda path, world: os.mkfifo(path)),
    "a socket": instead(bound_socket),
    "a folder": instead(lambda path, world: path.mkdir()),
    "nothing": instead(lambda path, world: None),
    "an empty file": instead(lambda path, world: path.touch()),
    "a file with a hole": instead(lambda path, world: (path.touch(), os.truncate(path, 1 << 40))),
}
ALWAYS = {"a link to a file", "a FIFO"}
if os.geteuid() == 0:
    KINDS["a device"] = instead(lambda path, world: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5)))


def cut(part):
    def change(path, _):
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(data[:int(len(data) * part)])
    return change


def flipped(at, bit):
    def change(path, _):
        data = bytearray(path.read_bytes())
        data[at] ^= 1 << bit
        path.chmod(0o644)
        path.write_bytes(bytes(data))
    return change


def zeroed(path, _):
    size = path.stat().st_size
    path.chmod(0o644)
    path.write_bytes(bytes(size))


def files_of(folder):
    """What Rowan itself opens: all of its own folder, and of Git's what decides where things are."""
    own = [path for path in (folder / "rowan").rglob("*") if path.is_file()]
    git = [folder / name for name in ("HEAD", "config", "refs/heads/main", "refs/rowan/good/main", "objects/info/alternates",
                                      "packed-refs", "shallow", "logs/refs/heads/main")]
    packs = sorted((folder / "objects/pack").iterdir())
    return sorted(own) + git + packs


def bits_of(path, world_random, all_of_them):
    size = path.stat().st_size
    used = min(size, 6000)
    places = range(0, used * 8, 7) if all_of_them and size <= 400 else None
    if places is None:
        places = sorted(world_random.sample(range(used * 8), min(used * 8, 120 if all_of_them else 1)))
    return [(place // 8, place % 8) for place in places]


def attack(world, source, path, what, change, expects_answer=False):
    """One folder with one thing in it changed: read it, write to it, and put the thing back."""
    folder = world.copy(source)
    target = folder / path
    was = source / path
    target.parent.mkdir(parents=True, exist_ok=True)
    change(target, world)
    name = f"{source.name}: {path} is {what}:"
    for options in (["--read-only"], []):
        ended = world.answer(folder, *options)
        expect(is_right(ended) or is_named(ended), name, *options, ended)
        expect(is_right(ended) or not expects_answer, name, "should be answered", ended)
    refused = not is_right(ended)
    ended = world.write(folder)
    expect(ended.code == 0 or is_named(ended), name, "a write", ended)
    world.check_outside(name)
    if not refused or ended.code == 0:
        return
    # Refused means: left as it was. With the thing put back, all is there.
    if not was.is_dir() or target.is_symlink() or not target.is_dir():
        clear(target)
    if was.is_dir():  # What recovery has made meanwhile stays.
        shutil.copytree(was, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("socket"))
    elif was.exists():
        shutil.copy2(was, target)
    ended = world.answer(folder)
    expect(is_right(ended), name, "put back:", ended)


def attack_files(world, source, rng, all_of_them):
    for path in files_of(source):
        name = path.relative_to(source)
        is_cache = "derived" in name.parts
        changes = dict(KINDS)
        if path.exists():
            changes |= {"zeros": zeroed, "cut to 0.3": cut(0.3), "cut to 0.9": cut(0.9)}
        for what, change in changes.items():
            if all_of_them or what in ALWAYS or rng.random() < 0.25:
                # Caches are made anew; nothing in them is worth a refusal.
                attack(world, source, name, what, change, is_cache)
        if not path.exists():
            continue
        for at, bit in bits_of(path, rng, all_of_them):
            attack(world, source, name, f"flipped at {at}.{bit}", flipped(at, bit), is_cache)


def attack_folders(world, source):
    def moved_away(path, world):
        elsewhere = world.root / "elsewhere"
        clear(elsewhere)
        shutil.move(path, elsewhere)
        path.symlink_to(elsewhere)

    for name in ("rowan", "rowan/journal", "rowan/derived", "rowan/derived/indexes", "objects", "objects/pack", "refs", "refs/heads",
                 "refs/rowan", "refs/rowan/good", "logs", "logs/refs"):
        if not (source / name).is_dir():
            continue
        kinds = {what: change for what, change in KINDS.items() if what in (
            "a link to a folder", "a link to nothing", "a FIFO", "nothing", "an empty file", "a folder")}
        kinds["a link to where it is"] = moved_away
        for what, change in kinds.items():
            attack(world, source, pathlib.Path(name), what, change, name.startswith("rowan/derived"))


# ---- Hostile contents -----------------------------------------------------------------------------------------------

def attack_names_of_temporaries(world, source):
    """The names that files in the making had, or could be thought to have."""
    for name in ("rowan/refs.tmp", "rowan/state.tmp", "rowan/derived/counts.new", "rowan/derived/history.new", "config.lock",
                 "HEAD.lock", "packed-refs.lock", "refs/heads/main.lock", "out.csv.rowan-tmp"):
        for what in ("a link to a file", "a link to nothing", "a FIFO"):
            attack(world, source, pathlib.Path(name), what, KINDS[what])
    folder = world.copy(source)
    (folder / "out.csv.rowan-tmp").symlink_to(world.decoy / "keep")
    ended = world.run("export", folder, "item", folder / "out.csv")
    expect(ended.code == 0 and (folder / "out.csv").read_text().startswith("id,name,n"), "an export", ended)
    world.check_outside("an export")


def attack_config(world, source):
    program = world.root / "program"
    program.write_text(f"#!/bin/sh\ntouch '{world.root}/PWNED'\n")
    program.chmod(0o755)
    os.mkfifo(world.root / "fifo")
    hostile = (f"[include]\n\tpath = {world.root}/fifo\n[includeIf \"gitdir:/\"]\n\tpath = /dev/zero\n"
               f"[core]\n\tsshCommand = {program}\n\tfsmonitor = {program}\n\thooksPath = {world.root}\n\tattributesFile = /dev/zero\n"
               f"\tworktree = {world.decoy}\n\teditor = {program}\n\tpager = {program}\n"
               f"[url \"ext::{program} \"]\n\tinsteadOf = https://\n[credential]\n\thelper = {program}\n[gpg]\n\tprogram = {program}\n"
               f"[diff \"rowan\"]\n\ttextconv = {program}\n[merge \"rowan\"]\n\tdriver = {program}\n"
               f"[filter \"x\"]\n\tclean = {program}\n[remote \"origin\"]\n\turl = https://ada:secret@example.org/x.git\n"
               f"\tuploadpack = {program}\n[branch \"main\"]\n\trebase = true\n[rowan \"side\"]\n\tprotected = true\n")
    folder = world.copy(source)
    with open(folder / "config", "a", encoding="utf-8") as config:
        config.write(hostile)
    for name in ("pre-receive", "post-checkout", "reference-transaction", "pre-auto-gc", "update", "post-index-change"):
        shutil.copy(program, folder / "hooks" / name)
    ended = world.answer(folder)
    expect(is_right(ended), "a hostile config file:", ended)
    for sql in ("PROTECT BRANCH main", "UNPROTECT BRANCH main", "CREATE BRANCH more", "RENAME BRANCH more TO other", "CHECKPOINT"):
        ended = world.run("sql", folder, "-c", sql)
        expect(ended.code == 0, "a hostile config file:", sql, ended)
    ended = world.run("sql", folder, "--branch", "side", "-c", WRITE.format(5))
    expect(ended.code == 3 and "protected" in ended.err, "rowan.* is still read:", ended)
    ended = world.run("check", folder)
    expect(ended.code == 0, "a hostile config file: check", ended)
    world.check_outside("a hostile config file")
    ended = world.run("adopt", folder)
    expect(ended.code == 0 and "core.sshcommand" in ended.out and "hooks.before-adopt" in ended.out, "adopt:", ended)
    text = (folder / "config").read_text()
    expect("program" not in text and "secret" not in text and "fifo" not in text, "adopt leaves in config:", text)
    expect("protected" in text, "adopt drops rowan's own settings", text)
    expect(is_right(world.answer(folder)), "after adopt:", world.answer(folder))
    expect(world.git(folder, "fsck", "--strict") == "" and is_right(world.answer(folder)), "git after adopt")
    world.check_outside("adopt")


def attack_alternates(world, source):
    secret = world.root / "secret.git"
    subprocess.run(["cp", "-a", str(source), str(secret)], check=True)
    folder = world.copy(source)
    for pack in (folder / "objects/pack").iterdir():
        pack.unlink()
    (folder / "objects/info/alternates").write_text(f"{secret}/objects\n")
    ended = world.answer(folder)
    expect(is_named(ended) and "42501" in ended.err and "rowan.alternates" in ended.err, "alternates outside:", ended)
    ended = world.run("sql", folder, "--format", "csv", "-c", QUERY, environment={"ROWAN_ALTERNATES": f"{secret}/objects"})
    expect(is_right(ended), "alternates by the environment:", ended)
    (world.root / "home/.gitconfig").write_text(f"[rowan]\n\talternates = {secret}/objects\n")
    expect(is_right(world.answer(folder)), "alternates by the user's configuration")
    (world.root / "home/.gitconfig").unlink()
    inner = folder / "more"
    shutil.move(folder / "objects/info/alternates", folder / "list")
    shutil.copytree(secret / "objects", inner)
    (folder / "objects/info/alternates").write_text("../more\n")
    expect(is_right(world.answer(folder)), "alternates inside:", world.answer(folder))


def attack_lists(world, source):
    """Names in Rowan's own lists, and in a journal that is right in every checksum."""
    for name in ("publishing", "refs"):
        for line in (f"refs/heads/../../../{world.decoy.name}/keep", "/etc/passwd", "refs/heads/main/../../config"):
            attack(world, source, pathlib.Path("rowan") / name, f"a list with {line}",
                   lambda path, _, line=line: path.write_text(f"{'1' * 40} {line}\n{line}\n"))
    for ref in (f"refs/../../{world.decoy.name}/made", "HEAD", "config", f"refs/heads/../../../{world.decoy.name}/keep",
                "refs/heads/x\x1b]0;PWNED\x07"):
        folder = world.copy(source)
        main = world.git(folder, "rev-parse", "main")
        crafted.add_record(folder, [(ref, "0" * 40, main)])
        for ended in (world.answer(folder), world.write(folder), world.run("adopt", folder)):
            expect(is_right(ended) or is_named(ended), f"a journal that moves {ref!r}:", ended)
            expect("\x1b" not in ended.err + ended.out, f"a journal that moves {ref!r}: printed raw")
        world.check_outside(f"a journal that moves {ref!r}")
        ended = world.run("adopt", folder, "--discard-journal")
        expect(ended.code == 0 and is_right(world.answer(folder)), "adopt --discard-journal:", ended)


def attack_state(world, source):
    """A state with a right checksum and numbers that no store has."""
    for offset, what in ((16, "key"), (24, "published"), (32, "live epoch"), (40, "next epoch"), (48, "clean and files")):
        for value in (0, 1, (1 << 64) - 1, 1 << 63):
            folder = world.copy(source)
            crafted.change_state(folder, offset, value)
            for ended in (world.answer(folder, "--read-only"), world.answer(folder), world.write(folder)):
                expect(is_right(ended) or ended.code == 0 or is_named(ended), f"a state whose {what} is {value}:", ended)
            world.check_outside(f"a state whose {what} is {value}")


# ---- What is gone ---------------------------------------------------------------------------------------------------

def check_lost_branches(world, source):
    folder = world.copy(source)
    main = world.git(folder, "rev-parse", "main")
    world.git(folder, "update-ref", "-d", "refs/heads/main")
    ended = world.write(folder)
    expect(ended.code == 0 and "main" in ended.err, "a deleted main is set back and named:", ended)
    expect(world.git(folder, "rev-parse", "main~1") == main, "the write goes on from there")
    folder = world.copy(source)
    for ref in ("refs/heads/main", "refs/rowan/good/main"):
        world.git(folder, "update-ref", "-d", ref)
    ended = world.answer(folder)
    expect(is_right(ended) and "main" in ended.err, "main and its good ref deleted:", ended)
    for text in ("ref: refs/heads/mbin\n", "ref: refs/heads/", "rubbish", "", "1" * 40 + "\n", "ref: refs/heads/a b\n"):
        folder = world.copy(source)
        (folder / "HEAD").write_text(text)
        reading = world.answer(folder, "--read-only")
        expect(is_named(reading) and "HEAD" in reading.err, f"HEAD {text!r}, read only:", reading)
        ended = world.run("sql", folder, "-c", WRITE.format(7))
        expect(ended.code == 0 and "HEAD" in ended.err, f"HEAD {text!r} is set back and named:", ended)
        expect(world.git(folder, "rev-parse", "main~1") == main, f"HEAD {text!r}: the write is on main")
        expect((folder / "HEAD").read_text() == "ref: refs/heads/main\n", f"HEAD {text!r}: set back")
    (folder / "HEAD").write_text("ref: refs/heads/mbin\n")
    (folder / "rowan/refs").unlink()
    ended = world.run("sql", folder, "-c", WRITE.format(8))
    expect(is_named(ended) and "mbin" in ended.err and "symbolic-ref" in ended.err, "no HEAD is known:", ended)
    ended = world.run("sql", folder, "--branch", "main", "-c", WRITE.format(8))
    expect(ended.code == 0, "a branch that is named:", ended)


def check_bad_refs(world, source):
    for ref in ("side", "main"):
        folder = world.copy(source)
        blob = world.git(folder, "rev-parse", "main:rowan.json")
        (folder / "refs/heads" / ref).write_text(blob + "\n")
        reading = world.answer(folder, "--read-only", "--branch", "main")
        expect(is_right(reading) and ref in reading.err, f"{ref} at a blob, read only:", reading)
        ended = world.answer(folder, "--branch", "main")
        expect(is_right(ended) and f"refs/heads/{ref}" in ended.err, f"{ref} at a blob:", ended)
        ended = world.run("foreign", "list", folder)
        expect(blob[:8] in ended.out, f"{ref} at a blob is listed:", ended)
        expect(is_right(world.answer(folder, "--branch", ref)), f"{ref} stands where it was")
        (folder / "refs/heads" / ref).write_text("1234567890" * 4 + "\n")
        ended = world.answer(folder, "--branch", "main")
        expect(is_right(ended) and f"refs/heads/{ref}" in ended.err, f"{ref} at nothing:", ended)


def check_lost_journal(world, source):
    """Absence is not emptiness: with transactions in the journal, nothing of it may be missing in silence."""
    journal = sorted((source / "rowan/journal").iterdir())[0].relative_to(source)
    other = world.root / "other.git"
    assert world.run("init", other).code == 0

    def other_file(path, _):
        shutil.copy(sorted((other / "rowan/journal").iterdir())[0], path)

    lost = {"nothing": KINDS["nothing"], "an empty file": KINDS["an empty file"], "cut": cut(0.5), "zeros": zeroed,
            "another repository's": other_file, "without its head": flipped(9, 3)}
    for what, change in lost.items():
        folder = world.copy(source)
        change(folder / journal, world)
        for ended in (world.answer(folder), world.answer(folder, "--read-only"), world.write(folder)):
            expect(ended.code == 19 and "XX001" in ended.err and journal.name in ended.err and "--discard-journal" in ended.err,
                   f"a journal file that is {what}:", ended)
        ended = world.run("adopt", folder)
        expect(ended.code == 19, f"a journal file that is {what}, adopted:", ended)
        ended = world.run("adopt", folder, "--discard-journal")
        expect(ended.code == 0 and is_right(world.answer(folder)), f"a journal file that is {what}, given up:", ended)
    for name in ("rowan/state", "rowan/journal"):
        folder = world.copy(source)
        clear(folder / name)
        ended = world.answer(folder)
        expect(ended.code == 19 and name in ended.err and "--discard-journal" in ended.err, f"{name} is missing:", ended)
    folder = world.copy(source)
    shutil.copy(world.root / "closed.git/rowan/state", folder / "rowan/state")
    ended = world.answer(folder)
    expect(ended.code == 19 and "XX001" in ended.err, "a state that is older than the journal:", ended)
    folder = world.copy(source)
    ended = world.run("adopt", folder)
    expect(ended.code == 0 and "journal: 2" in ended.out, "adopt takes the journal's transactions:", ended)
    ended = world.run("sql", folder, "--format", "csv", "-c", "SELECT n FROM item WHERE id = 4")
    expect(ended.out.splitlines()[-1:] == ["14"], "they are there:", ended)
    expect(world.run("check", folder).code == 0, "check after adopt")
    expect(world.git(folder, "fsck", "--strict") == "", "fsck after adopt")


def check_hostile_archive(world, source):
    """A folder as an archive brings it: links, odd modes, another program's caches. adopt makes it one's own."""
    folder = world.copy(source)
    clear(folder / "rowan/derived")
    (folder / "rowan/derived").symlink_to(world.decoy / "folder")
    (folder / "rowan/refs.tmp").symlink_to(world.decoy / "keep")
    (folder / "rowan/more").mkdir()
    (folder / "rowan/more/link").symlink_to(world.decoy)
    (folder / "commondir").write_text(str(world.decoy))
    os.mkfifo(folder / "rowan/fifo")
    folder.chmod(0o777)
    (folder / "rowan").chmod(0o777)
    archive = world.root / "hostile.tar"
    subprocess.run(["tar", "-C", str(world.root), "-cf", str(archive), folder.name], check=True)
    shutil.rmtree(folder)
    subprocess.run(["tar", "-C", str(world.root), "--same-permissions", "-xf", str(archive)], check=True)
    ended = world.answer(folder)
    expect(ended.code == 3 and "42501" in ended.err and "rowan adopt" in ended.err, "an archive is refused:", ended)
    ended = world.run("adopt", folder)
    expect(ended.code == 0, "an archive is adopted:", ended)
    expect(is_right(world.answer(folder)), "an adopted archive:", world.answer(folder))
    expect(stat.S_IMODE(folder.stat().st_mode) & 0o022 == 0, "its mode")
    expect(not os.path.lexists(folder / "commondir") and (folder / "rowan/derived").is_dir()
           and not (folder / "rowan/derived").is_symlink(), "its folders")
    world.check_outside("an archive")


# ---- Whose it is ----------------------------------------------------------------------------------------------------

def check_owners(world, source):
    for mode, name in ((0o777, "."), (0o770 | stat.S_ISVTX, "."), (0o703, "rowan")):
        if os.geteuid() == 0 and mode == 0o770 | stat.S_ISVTX:
            continue  # Root's own group is private to root.
        folder = world.copy(source)
        (folder / name).chmod(mode)
        ended = world.answer(folder)
        expect(ended.code == 3 and "42501" in ended.err and "safe.directory" in ended.err, f"{name} with mode {mode:o}:", ended)
        for value in (str(folder), str(world.root) + "/*", "*"):
            trusted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": value}
            ended = world.run("sql", folder, "--format", "csv", "-c", QUERY, environment=trusted)
            expect(is_right(ended), f"safe.directory = {value}:", ended)
        (world.root / "home/.gitconfig").write_text(f"[safe]\n\tdirectory = *\n\tdirectory =\n\tdirectory = {world.root}/x\n")
        expect(world.answer(folder).code == 3, "a list that was emptied")
        (world.root / "home/.gitconfig").unlink()
        with open(folder / "config", "a", encoding="utf-8") as config:
            config.write("[safe]\n\tdirectory = *\n")
        expect(world.answer(folder).code == 3, "a repository that trusts itself")
    if os.geteuid() != 0:
        print("not root: folders of other users are left out")
        return
    for name in (".", "rowan"):
        folder = world.copy(source)
        os.chown(folder / name, 1234, 1234)
        ended = world.answer(folder)
        expect(ended.code == 3 and "1234" in ended.err, f"{name} of another user:", ended)
        ended = world.run("sql", folder, "--format", "csv", "-c", QUERY, environment={"SUDO_UID": "1234"})
        expect(is_right(ended), f"{name} of the user who called sudo:", ended)
        expect(world.run("log", folder).code == 3 and world.run("hook", "run", folder).code == 3, "every command asks")
        ended = world.run("adopt", folder)
        expect(ended.code == 0 and is_right(world.answer(folder)), f"{name} of another user, adopted:", ended)


def check_threads(world, source):
    """A machine that has no thread to give."""
    if os.geteuid() == 0:
        return  # Root has no such limit.
    folder = world.copy(source)
    done = subprocess.run(["bash", "-c", f"ulimit -u 1; exec '{world.rowan}' sql '{folder}' -c 'SELECT 1'"], capture_output=True,
                          text=True, env=world.environment, check=False)
    expect(done.returncode in (0, 16), "no threads:", done.returncode, done.stderr)


def main():
    all_of_them = "--all" in sys.argv
    seed = 20240229
    print(f"seed {seed}{', all of it' if all_of_them else ''}")
    rng = random.Random(seed)
    world = World(sys.argv[1])
    began = time.monotonic()
    try:
        closed, crashed = make_repositories(world)
        expect(is_right(world.answer(world.copy(crashed))), "the crashed repository recovers")
        parts = [lambda: check_lost_branches(world, closed), lambda: check_bad_refs(world, closed),
                 lambda: check_lost_journal(world, crashed), lambda: check_hostile_archive(world, crashed),
                 lambda: check_owners(world, closed), lambda: check_threads(world, closed),
                 lambda: attack_config(world, closed), lambda: attack_alternates(world, closed),
                 lambda: attack_lists(world, crashed), lambda: attack_state(world, crashed),
                 lambda: caches.attack_caches(world, closed, expect, is_named), lambda: attack_names_of_temporaries(world, crashed),
                 lambda: attack_folders(world, crashed), lambda: attack_files(world, crashed, rng, all_of_them)]
        if all_of_them:
            parts += [lambda: attack_folders(world, closed), lambda: attack_files(world, closed, rng, all_of_them)]
        for part in parts:
            part()
        expect(is_right(world.answer(closed)) and is_right(world.answer(crashed)), "the originals still open")
    finally:
        shutil.rmtree(world.root, ignore_errors=True)
    print(f"{time.monotonic() - began:.0f} s")
    if failures:
        sys.exit(f"{len(failures)} failed")
    print("all passed")


main()
