#!/usr/bin/env python3
"""Proves that \\h knows every statement there is, that each is on the page of SQL, and that it finds them as they are typed.
    statement_help.py PATH-OF-ROWAN STATEMENTS.DEF SQL.MD
"""
import re
import subprocess
import sys

ROWAN, STATEMENTS, PAGE = sys.argv[1:4]
# What \\h calls by other words than messages do: ALTER and DROP stand there with each kind of object.
OTHERWISE = {"ALTER", "DROP"}
FAILURES = []


def check(holds, text):
    if not holds:
        FAILURES.append(text)
        print("FAILED:", text)


def shell(text):
    return subprocess.run([ROWAN, "shell"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60).stdout


def main():
    with open(STATEMENTS, encoding="utf-8") as file:
        statements = set(re.findall(r'^STATEMENT\(\w+, \w+, "([^"]+)"', file.read(), re.M)) - OTHERWISE
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    listed = []
    for line in shell("\\h\n").splitlines()[1:]:
        listed += [word for word in re.split(r"\s{2,}", line.strip()) if word]
    check(len(statements) > 60 and len(listed) > 60, f"too few statements: {len(statements)}, {len(listed)}")
    for words in sorted(statements - set(listed)):
        check(False, f"\\h does not list {words}")
    said = shell("".join(f"\\h {words.lower()};\n" for words in listed))
    for words in listed:
        check(f"Statement:   {words}\nSyntax:\n" in said, f"\\h {words} says nothing")
        check(all(word in page for word in words.split()), f"{words} is not on the page of SQL")
    check("ALTER TABLE" in shell("\\h  alter   table\n") and "CREATE TAG" not in shell("\\h create table\n"), "blanks and case")
    check(shell("\\h create\n").count("Statement:") > 5, "a first word finds all that begin with it")
    check("No help available for" in shell("\\h nothing\n"), "a statement that is not there")
    check("\\h [STATEMENT]" in shell("\\?\n"), "\\? names \\h")
    print(f"{len(FAILURES)} failed" if FAILURES else "all passed")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
