"""Repositories that earlier versions wrote are read, written, merged and checked by this one, and by the second reader: the answers, and the
ids of all trees, are those of the version that knew format 1 alone. The files here are never made anew (README.md).

usage: check_compat.py ROWAN FORMAT_PAGE [--write-answers]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "format")]

from rowan_format import Rules  # noqa: E402
from rowan_reader import Repository, UnknownFeature, features_in  # noqa: E402

# The trees of the revisions, and the rows in them.
ROOTS = {
    "v1": ("af49e650aec07c2904d63cadcd66b1ed1ebc5186", 424),
    "v2": ("21e06a18d90e7b1b84d4aa9ab4d96c69a9d34d3a", 426),
    "v3": ("b28f2bf4a43f2ad9456b84cd4ff1fd036f1a4d34", 422),
    "main": ("4977730d8112d88b02cb7c1be1176f41131dc2ea", 427),
    "autumn": ("1840bf130f208575b50585f95a9425613e8e8453", 427),
    "waiting": ("8d1cbe4733b85b41c7f2d622a89a8a768c09e6b0", 429),
}

# Statements on top of main, and the tree that each leaves.
STEPS = [
    ("MERGE waiting", "c042804462363d0fce2317943eb0a77f49fe2e0a", 429),
    ("INSERT INTO item VALUES (2000, 'new', 1.00, 1, 'green'); UPDATE item SET colour = 'red' WHERE id = 10", "a6cea69368cdb70925d32c1f4e2d61a12fec91ff", 430),
    ("ALTER TABLE item ADD COLUMN weight real DEFAULT 1.5; INSERT INTO ticket (what) VALUES ('four')", "b9a928be051d2d27fe0759413d6a38852083910d", 431),
    ("DELETE FROM \"Order 7\"; DROP TABLE document", "7d7a810579dd3ed3f17191f9ec9ab7342eff620a", 329),
    ("RESTORE ALL TO v2", "21e06a18d90e7b1b84d4aa9ab4d96c69a9d34d3a", 426),
]

failures = []


def expect(what, wanted, found):
    if wanted != found:
        failures.append(f"{what}: expected {wanted}, found {found}")


def run(*words, ok=True, **more):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if ok and done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))[:200]} failed: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode() if ok else done


def import_repository(folder):
    run("git", "init", "-q", "--bare", "-b", "main", folder)
    run("git", "--git-dir", folder, "fast-import", "--quiet", input=(HERE / "shop.fast-export").read_bytes())


def root_of(folder, revision):
    return run("git", "--git-dir", folder, "rev-parse", revision + "^{tree}").strip()


def check_reading(rowan, folder):
    answers = ""
    for revision in ROOTS:
        answers += f"== {revision}\n" + run(rowan, "sql", folder, "--branch", revision, "--format", "csv", "-f", HERE / "shop.queries.sql")
    path = HERE / "shop.answers"
    if "--write-answers" in sys.argv:
        path.write_text(answers)
    expect("the answers (tests/compat/shop.answers)", path.read_text(), answers)
    expect("rowan check", "No problem found.\n", run(rowan, "check", folder))


def check_upgrade(rowan, folder, branches):
    for options in (["--dry-run"], []):
        expect("rowan upgrade", "Nothing to do.\n", run(rowan, "upgrade", folder, *options))
    for branch in branches:
        expect(f"{branch} after rowan upgrade", ROOTS[branch][0], root_of(folder, branch))
    # Where there is need it says what and why, and does just that: a tip as some version may have left it.
    git = ["git", "--git-dir", folder]
    tree = run(*git, "ls-tree", "waiting").replace(
        blob_of(git, "waiting:rowan.json"), run(*git, "hash-object", "-w", "--stdin", input=b'{"format": 1}\n').strip())
    made = run(*git, "commit-tree", "-p", "waiting", "-m", "spelled freely",
               run(*git, "mktree", input=tree.encode()).strip(), env=who()).strip()
    for ref in ("refs/heads/waiting", "refs/rowan/good/waiting"):
        run(*git, "update-ref", ref, made)
    published = pathlib.Path(folder) / "rowan" / "refs"  # So that it counts as this repository's own.
    published.write_text(re.sub("[0-9a-f]{40} refs/heads/waiting", made + " refs/heads/waiting", published.read_text()))
    told = 'Branch waiting: rowan.json is not in its one spelling.\n  rowan.json %s {"format":1}\n'
    expect("rowan upgrade --dry-run", told % "would read", run(rowan, "upgrade", folder, "--dry-run"))
    expect("the branch after --dry-run", made, run(*git, "rev-parse", "waiting").strip())
    expect("rowan upgrade", told % "now reads", "".join(run(rowan, "upgrade", folder).splitlines(True)[:2]))
    expect("the branch after rowan upgrade", ROOTS["waiting"][0], root_of(folder, "waiting"))
    expect("its parent", made, run(*git, "rev-parse", "waiting~1").strip())
    expect("rowan upgrade again", "Nothing to do.\n", run(rowan, "upgrade", folder))


def blob_of(git, path):
    return run(*git, "rev-parse", path).strip()


def who():
    return {**os.environ, **{f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER")
                             for what, text in (("NAME", "Ada Test"), ("EMAIL", "ada@example.org"))}}


def check_writing(rowan, folder, repository):
    for statement, pinned, rows in STEPS:
        run(rowan, "sql", folder, "-c", statement)
        root = root_of(folder, "main")
        expect(f"the tree after {statement[:30]}", pinned, root)
        expect(f"rows after {statement[:30]}", rows, repository.check("main"))
    expect("rowan check after writing", "No problem found.\n", run(rowan, "check", folder))


def main():
    rowan, page = sys.argv[1:3]
    rules = Rules(pathlib.Path(page).read_text())
    work = pathlib.Path(tempfile.mkdtemp(prefix="rowan-compat-"))
    try:
        import_repository(work / "shop.git")
        repository = Repository(work / "shop.git", rules)
        for revision, (root, rows) in ROOTS.items():
            expect(f"the tree of {revision}", root, root_of(work / "shop.git", revision))
            expect(f"rows of {revision}", rows, repository.check(revision))
        shutil.copytree(work / "shop.git", work / "upgraded.git")
        check_reading(rowan, work / "shop.git")
        check_upgrade(rowan, work / "upgraded.git", ["main", "autumn", "waiting"])
        check_writing(rowan, work / "shop.git", repository)
        for unknown in ('{"format":2,"features":["no-such-form"]}\n', '{"format":3}\n'):
            try:
                failures.append(f"the second reader takes {unknown!r} for {features_in(unknown)}")
            except UnknownFeature:
                pass
    finally:
        shutil.rmtree(work)
    print("\n".join(failures) or f"{len(ROOTS)} revisions of format 1 and {len(STEPS)} written on top: every id is what it was")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
