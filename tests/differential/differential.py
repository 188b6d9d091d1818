#!/usr/bin/env python3
"""Rowan's answers beside PostgreSQL's, on random statements.

    differential.py ROWAN [--docs docs/sql.md] [--seed N] [--count N] [--postgres 'psql options'] [--show N] [--connect]

Every statement runs in both, its rows as COPY writes them, its failure as a SQLSTATE. A difference is a fault of Rowan, unless
- Rowan refuses with 0A000 what it does not have (counted: a grammar that makes much of it tests nothing), or
- which of several rows or operands fails first is the planner's business (see grammar.Statement.lazy).
Without --postgres a private server is started from the installed binaries; without binaries the run says so and ends as skipped (77).
"""

import argparse
import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import copy_grammar
import grammar

BATCH = 1000
TIMEOUT_S = 120
MARK = '@@'
SKIPPED = 77


# ---- The two servers ----

class Postgres:
    """A server of our own in a temporary folder, on a socket there; or the one that `options` lead to."""

    def __init__(self, options, folder):
        self.data = None
        if options:
            self.psql = ['psql'] + options.split()
            return
        binaries = postgres_binaries()
        if binaries is None:
            raise FileNotFoundError
        self.pg_ctl = [os.path.join(binaries, 'pg_ctl')]
        account = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
            account = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups']
            os.chmod(folder, 0o755)
        home = os.path.join(folder, 'postgres')
        os.mkdir(home)
        if account:
            shutil.chown(home, 'nobody', 'nogroup')
        self.pg_ctl = account + self.pg_ctl
        data = os.path.join(home, 'data')
        quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, 'check': True, 'cwd': home}
        subprocess.run(account + [os.path.join(binaries, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--lc-collate=C', '--lc-ctype=C.UTF-8', '-N'], **quiet)
        options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
        subprocess.run(self.pg_ctl + ['-D', data, '-w', '-o', options, '-l', os.path.join(home, 'log'), 'start'], **quiet)
        self.data = data
        self.psql = [os.path.join(binaries, 'psql'), '-h', home, '-U', 'postgres', '-d', 'postgres']

    def stop(self):
        if self.data is not None:
            subprocess.run(self.pg_ctl + ['-D', self.data, '-m', 'immediate', 'stop'], stdout=subprocess.DEVNULL, cwd='/')

    def run(self, script):
        before = "\\set VERBOSITY sqlstate\nSET client_min_messages = error; SET statement_timeout = '5s'; SET timezone = 'UTC'; SET datestyle = 'ISO';\n"
        return run(self.psql + ['-X', '-q', '-At'], before + script)

    def load(self, schema):
        drop = 'DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n'
        out = self.run(drop + ''.join(f'{statement};\n' for statement in schema))
        if 'ERROR' in out:
            raise SystemExit(f'the schema fails in PostgreSQL:\n{out}')


def postgres_binaries():
    found = shutil.which('pg_ctl')
    folders = sorted(glob.glob('/usr/lib/postgresql/*/bin')) + ([os.path.dirname(os.path.realpath(found))] if found else [])
    usable = [folder for folder in folders if os.path.exists(os.path.join(folder, 'pg_ctl')) and os.path.exists(os.path.join(folder, 'psql'))]
    fifteen = [folder for folder in usable if '/15/' in folder + '/']
    return (fifteen or usable or [None])[-1]


class Rowan:
    """A database in memory for each run, so nothing is left over."""

    def __init__(self, program, schema):
        self.program = program
        self.schema = ''.join(f'{statement};\n' for statement in schema)

    def run(self, script):
        return run([self.program, 'shell'], self.schema + script)


class Served:
    """Rowan over its port: `rowan serve` on a folder, and psql, as PostgreSQL is asked. Each run has a database of its own."""

    def __init__(self, program, schema, psql, folder):
        home = os.path.join(folder, 'served')
        os.mkdir(home)
        self.server = subprocess.Popen([program, 'serve', home, '--port', '0', '--auth', 'trust'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = re.search(r':(\d+)\.$', self.server.stdout.readline().strip())
        if port is None:
            raise SystemExit('rowan serve did not start')
        self.psql = [psql, '-h', '127.0.0.1', '-p', port.group(1), '-U', 'tester', '-X', '-q', '-At']
        self.schema = ''.join(f'{statement};\n' for statement in schema)
        self.count = 0

    def run(self, script):
        self.count += 1
        name = f'run{self.count}'
        run(self.psql + ['-d', 'postgres'], f'CREATE DATABASE {name};\n')
        before = "\\set VERBOSITY sqlstate\nSET client_min_messages = error;\n"
        return run(self.psql + ['-d', name], before + self.schema + script)

    def stop(self):
        self.server.terminate()
        self.server.wait()


def run(command, script):
    try:
        done = subprocess.run(command, input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S)
        return done.stdout.decode(errors='replace')
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b'').decode(errors='replace') + '\nERROR:  TIMEOUT\n'


# ---- Answers ----

Answer = collections.namedtuple('Answer', 'rows state')


def script_of(statements, first):
    lines = []
    for number, statement in enumerate(statements, first):
        lines.append(f"COPY (SELECT '{MARK}{number}') TO STDOUT;")
        lines.append(statement.script())
    lines.append(f"COPY (SELECT '{MARK}end') TO STDOUT;\n")
    return '\n'.join(lines)


ERROR = re.compile(r'^(?:psql:[^ ]* )?(?:ERROR|FATAL):? +([0-9A-Z]{5}|TIMEOUT)')


TAG = re.compile(r'^(?:BEGIN|ROLLBACK|CREATE TABLE|COPY \d+|INSERT 0 \d+|UPDATE \d+)$')


def answers_of(output, count):
    """One answer a statement. A statement without its mark was never reached: the program ended before."""
    found = {}
    current = None
    for line in output.rstrip('\n').split('\n'):
        if line.startswith(MARK):
            current = line[len(MARK):]
            found[current] = Answer([], [])
            continue
        if current is None:
            continue
        error = ERROR.match(line)
        if error:
            found[current].state.append(error.group(1))
        elif not TAG.match(line):
            found[current].rows.append(line)
    return [found.get(str(number)) for number in range(count)], 'end' in found


def run_all(server, statements):
    """Answers of all; a statement that ends the program has the state CRASH, and the rest goes on without it."""
    answers = []
    while len(answers) < len(statements):
        rest = statements[len(answers):]
        got, ended = answers_of(server.run(script_of(rest, 0)), len(rest))
        if ended:
            return answers + got
        reached = sum(answer is not None for answer in got)
        if reached == 0:
            raise SystemExit('the program ended before the first statement')
        answers += got[:reached - 1] + [Answer([], ['CRASH'])]
    return answers


NUMBER = re.compile(r'-?\d+(?:\.\d+)?(?:e[+-]?\d+)?')


def loosened(row):
    def one(match):
        text = match.group(0)
        if 'e' in text or len(text) > 13:
            try:
                return f'{float(text):.11g}'
            except ValueError:
                return text
        return (text.rstrip('0').rstrip('.') if '.' in text else text).replace('-0', '0') if float(text) == 0 or '.' in text else text
    return NUMBER.sub(one, re.sub(r' +(?=\t|$)', '', row))


def difference(statement, right, ours):
    """None, 'unsupported', 'lazy', or a word for the class of the difference."""
    if 'CRASH' in ours.state or 'TIMEOUT' in ours.state or any(state.startswith('XX') for state in ours.state):
        return 'crash ' + ours.state[0]
    if '57014' in right.state:
        return 'lazy'
    first_right, first_ours = (right.state + ['00000'])[0], (ours.state + ['00000'])[0]
    if first_ours == '0A000' and first_right != '0A000':
        return 'unsupported'
    if first_right != first_ours:
        data = [state for state in (first_right, first_ours) if state != '00000']
        two = len(data) == 2
        if all(state.startswith('22') or (two and state in ('0A000', '54000')) for state in data) and (statement.lazy or (two and statement.kind != 'single')):
            return 'lazy'
        # Whether GROUP BY or the list before it is read first.
        if two and statement.kind == 'grouped' and all(state.startswith('42') for state in data):
            return 'lazy'
        return f'{first_right} -> {first_ours}'
    if first_right != '00000':
        return None
    a, b = right.rows, ours.rows
    if not statement.ordered:
        a, b = sorted(a), sorted(b)
    if a == b:
        return None
    if statement.loose:
        a, b = sorted(map(loosened, a)), sorted(map(loosened, b))
        if a == b:
            return None
    return 'rows' if len(a) != len(b) else 'values'


# ---- The run ----

def uncovered(docs):
    """Function names and types of docs/sql.md that the grammar never makes."""
    text = open(docs, encoding='utf-8').read()
    section = text[text.index('## Functions and operators'):text.index('```sql', text.index('## Functions and operators'))]
    names = set()
    for line in section.splitlines():
        for code in re.findall(r'`([^`]+)`', line):
            names.update(word for word in re.findall(r'[a-z_][a-z0-9_.]*', code) if len(word) > 1)
    made = ' '.join(template for template, _, _ in grammar.ROWS) + open(grammar.__file__, encoding='utf-8').read()
    return sorted(name for name in names - grammar.NOT_COMPARED - {'from', 'to', 'step'} if not re.search(rf'\b{re.escape(name)}\b', made, re.IGNORECASE))


def main():
    parser = argparse.ArgumentParser(description='random statements in Rowan and in PostgreSQL')
    parser.add_argument('rowan')
    parser.add_argument('--docs')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--count', type=int, default=4000)
    parser.add_argument('--postgres', help="psql's options for a server that runs, in whose database schema public is dropped")
    parser.add_argument('--show', type=int, default=3, help='examples of each class')
    parser.add_argument('--matrix', action='store_true', help='every function and operator on every combination of types, and every word as a label')
    parser.add_argument('--every', type=int, default=1, metavar='N', help="only each N-th of the matrix")
    parser.add_argument('--connect', action='store_true', help='ask Rowan over its port, by psql')
    parser.add_argument('--only', help='only this kind of statement')
    options = parser.parse_args()
    if options.docs:
        missing = uncovered(options.docs)
        if missing:
            print('the grammar does not cover: ' + ', '.join(missing))
            return 1
    with tempfile.TemporaryDirectory(prefix='rowan-differential-') as folder:
        try:
            postgres = Postgres(options.postgres, folder)
        except FileNotFoundError:
            print('PostgreSQL is not installed: the comparison is skipped')
            return SKIPPED
        try:
            postgres.load(grammar.SCHEMA)
            if not options.connect:
                return compare(postgres, Rowan(options.rowan, grammar.SCHEMA), options, folder)
            served = Served(options.rowan, grammar.SCHEMA, postgres.psql[0], folder)
            try:
                return compare(postgres, served, options, folder)
            finally:
                served.stop()
        finally:
            postgres.stop()


def compare(postgres, rowan, options, folder):
    print(f'seed {options.seed}, {options.count} statements', flush=True)
    os.chmod(folder, 0o755)
    classes = collections.defaultdict(list)
    counts = collections.Counter()
    done = 0
    batch = 0
    matrix = list(grammar.matrix())[options.seed % options.every::options.every] if options.matrix else []
    if options.matrix:
        options.count = len(matrix)
    while done < options.count:
        generator = grammar.Generator(options.seed * 1_000_003 + batch)
        copies = copy_grammar.Generator(options.seed * 1_000_003 + batch, folder)
        statements = []
        if options.matrix:
            statements = matrix[done:done + BATCH]
        while len(statements) < min(BATCH, options.count - done):
            statement = copies.statement() if generator.chance(0.03) else generator.statement()
            if options.only is None or statement.kind == options.only:
                statements.append(statement)
        for statement, right, ours in zip(statements, run_all(postgres, statements), run_all(rowan, statements)):
            found = difference(statement, right, ours)
            counts[found if found in (None, 'unsupported', 'lazy') else 'different'] += 1
            counts['failed in both'] += found is None and bool(right.state)
            if found == 'unsupported':
                classes['unsupported'].append((statement, right, ours))
            elif found not in (None, 'lazy'):
                classes[f'{statement.kind}: {found}'].append((statement, right, ours))
        done += len(statements)
        batch += 1
    unsupported = classes.pop('unsupported', [])
    for name, cases in sorted(classes.items(), key=lambda item: -len(item[1])):
        print(f'\n== {name}: {len(cases)}')
        for statement, right, ours in sorted(cases, key=lambda case: len(case[0].text))[:options.show]:
            print(statement.text)
            shown = [(a, b) for a, b in zip(right.rows, ours.rows) if a != b][:2] if len(right.rows) == len(ours.rows) else [(right.rows[:4], ours.rows[:4])]
            print(f'   PostgreSQL {right.state or ""} Rowan {ours.state or ""} {shown}')
    if options.show > 3:
        for statement, right, ours in sorted(unsupported, key=lambda case: len(case[0].text))[:options.show]:
            print('unsupported: ' + statement.text)
    print(f"\n{done} statements: {counts[None]} alike ({counts['failed in both']} of them failed in both), {counts['unsupported']} refused as unsupported, "
          f"{counts['lazy']} where the planner decides, {counts['different']} different")
    return 1 if counts['different'] else 0


if __name__ == '__main__':
    sys.exit(main())
